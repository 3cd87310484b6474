import type { Secret } from '#lib/secret';
import type { ChannelBindings } from './types.ts';

/** Arguments of a client mechanism. */
export interface SaslClientOptions {
  readonly login: string;
  /** Identity to act as; left out or empty for oneself. */
  readonly authorizationId?: string;
  /** Not used by EXTERNAL and the token mechanisms; null when there is none. */
  readonly password: Secret | null;
  /** Access token for OAUTHBEARER and XOAUTH2 (RFC 6750 §2.1), without `Bearer`. */
  readonly token?: Secret;
  /** The server as we reached it, for OAUTHBEARER (RFC 7628 §3.1). */
  readonly server?: { readonly host: string; readonly port: number };
  /** Null without TLS. */
  readonly bindings: ChannelBindings | null;
  /** True when the server offered a -PLUS mechanism. */
  readonly plusOffered: boolean;
  /** A fresh SCRAM nonce: printable ASCII without commas (RFC 5802 §5.1), at least 18 random bytes' worth. */
  readonly nonce: () => string;
  /** Fewest SCRAM iterations to accept, so that a false server cannot ask for a cheap proof. Default `saslLimits.minIterations`. */
  readonly minIterations?: number;
}

/** The password of a mechanism that has one. @throws RangeError without. */
export function passwordOf({ password }: SaslClientOptions): string {
  if (password === null) throw new RangeError('this mechanism needs a password');
  return password.reveal();
}
