import type { ChannelBindings, CredentialStore, Identity, SaslFailure, SaslServerStep } from './types.ts';

/** Facts about the server for token mechanisms, reported to clients whose token is refused. */
export interface TokenService {
  /** Names that clients may call us by, lower case; any when left out. */
  readonly hosts?: readonly string[];
  /** Our port; any when left out. */
  readonly port?: number;
  /** Which tokens are taken: scope and discovery document (RFC 7628 §3.2.2). */
  readonly error?: { readonly scope?: string; readonly openidConfiguration?: string };
}

/** Needs of a server mechanism from the connection and the world. */
export interface SaslServerOptions {
  readonly store: CredentialStore;
  /** Null without TLS. */
  readonly bindings: ChannelBindings | null;
  /** A fresh SCRAM nonce: printable ASCII without commas (RFC 5802 §5.1), at least 18 random bytes' worth. */
  readonly nonce: () => string;
  /** A fresh CRAM-MD5 challenge such as `<1896.697170952@mail.example>` (RFC 2195 §2). */
  readonly challenge: () => string;
  /** True when this connection was offered -PLUS mechanisms: then a client that says it saw none was tricked. */
  readonly plusOffered: boolean;
  /** The TLS client's certificate (DER), verified to be the peer's; null when there is none. */
  readonly clientCertificate: Uint8Array | null;
  /** Accepts channel binding under a mechanism name without -PLUS, which RFC 5802 §6 forbids and some clients do. Default false. */
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

/** A failed end. */
export function failed(failure: SaslFailure, reason: string, login: string | null = null): SaslServerEnd {
  return { kind: 'failure', failure, reason, login };
}

/**
 * Ends an exchange whose secret was right or wrong, and checks that the user may act as `authorizationId` (RFC 4422 §3.4.1):
 * the empty string or any login name of the same account.
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
