import type { Secret } from '#lib/secret';
import type { ChannelBindings } from './types.ts';

/** Arguments of a client mechanism. */
export interface SaslClientOptions {
  readonly login: string;
  /** Identity to act as; omitted or empty for that of the credentials (RFC 4422 §3.4.1). */
  readonly authorizationId?: string;
  /** Not used by EXTERNAL and the token mechanisms; null when there is none. */
  readonly password: Secret | null;
  /** Access token for OAUTHBEARER and XOAUTH2 (RFC 6750 §2.1), without `Bearer`. */
  readonly token?: Secret;
  /** The server as it was dialed, for OAUTHBEARER (RFC 7628 §3.1). */
  readonly server?: { readonly host: string; readonly port: number };
  /** Null without TLS. */
  readonly bindings: ChannelBindings | null;
  /** True when the server offered a -PLUS mechanism. */
  readonly plusOffered: boolean;
  /** Returns a fresh SCRAM nonce: printable ASCII without commas (RFC 5802 §5.1), at least 18 random bytes' worth. */
  readonly nonce: () => string;
  /** Fewest SCRAM iterations to accept, so that a false server cannot ask for a cheap proof. Default `saslLimits.minIterations`. */
  readonly minIterations?: number;
}

/** Returns the password. @throws RangeError when there is none. */
export function passwordOf({ password }: SaslClientOptions): string {
  if (password === null) throw new RangeError('this mechanism needs a password');
  return password.reveal();
}
