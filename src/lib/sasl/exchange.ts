import type { ChannelBindings, CredentialStore, Identity, SaslFailure, SaslServerStep } from './types.ts';

/** Facts about the server for token mechanisms, reported to clients whose token is refused. */
export interface TokenService {
  /** Our host names, lower case; any name is accepted when omitted. */
  readonly hosts?: readonly string[];
  /** Our port; any port is accepted when omitted. */
  readonly port?: number;
  /** Accepted tokens: scope and discovery document (RFC 7628 §3.2.2). */
  readonly error?: { readonly scope?: string; readonly openidConfiguration?: string };
}

/** Dependencies of a server mechanism. */
export interface SaslServerOptions {
  readonly store: CredentialStore;
  /** Null without TLS. */
  readonly bindings: ChannelBindings | null;
  /** Returns a fresh SCRAM nonce: printable ASCII without commas (RFC 5802 §5.1), at least 18 random bytes' worth. */
  readonly nonce: () => string;
  /** Returns a fresh CRAM-MD5 challenge such as `<1896.697170952@mail.example>` (RFC 2195 §2). */
  readonly challenge: () => string;
  /** True when -PLUS mechanisms were offered: a client that saw none is then the victim of a downgrade (RFC 5802 §6). */
  readonly plusOffered: boolean;
  /** TLS client certificate (DER) whose key the peer has proved; null when there is none. */
  readonly clientCertificate: Uint8Array | null;
  /** Accepts channel binding under a mechanism name without -PLUS, which RFC 5802 §6 forbids but some clients use. Default false. */
  readonly allowBindingWithoutPlus?: boolean;
  /** For OAUTHBEARER and XOAUTH2. */
  readonly tokens?: TokenService;
}

/** End of an exchange. */
export type SaslServerEnd = Exclude<SaslServerStep, { kind: 'challenge' }>;

/** A running exchange: yields challenges, is sent responses, returns the end. */
export type Exchange = AsyncGenerator<Uint8Array, SaslServerEnd, Uint8Array>;

/** A mechanism. `initial` is the initial response; null when the client sent none. */
export type ServerMechanism = (initial: Uint8Array | null, options: SaslServerOptions) => Exchange;

/** Returns a failed end. */
export function failed(failure: SaslFailure, reason: string, login: string | null = null): SaslServerEnd {
  return { kind: 'failure', failure, reason, login };
}

/**
 * Returns the end of an exchange. Fails when `identity` is null, and when the user must not act as `authorizationId` (RFC 4422 §3.4.1):
 * it may be empty or any login name of the same account.
 */
export async function authorize(
  store: CredentialStore,
  login: string,
  authorizationId: string,
  identity: Identity | null,
  data: Uint8Array | null,
): Promise<SaslServerEnd> {
  if (identity === null) return failed('credentials', 'wrong login or password', login);
  if (authorizationId !== '' && authorizationId !== login) {
    const wanted = await store.identify(authorizationId);
    if (wanted?.account !== identity.account) return failed('authorization', 'may not act for another account', login);
  }
  return { kind: 'success', identity, data };
}
