import type { Secret } from '#lib/secret';
import type { ChannelBindings } from './types.ts';

/** What a client mechanism needs to know. */
export interface SaslClientOptions {
  readonly login: string;
  /** Whom to act as; left out or empty for oneself. */
  readonly authorizationId?: string;
  /** Not used by EXTERNAL. */
  readonly password: Secret;
  /** Null without TLS. */
  readonly bindings: ChannelBindings | null;
  /** Whether the server offered a -PLUS mechanism. */
  readonly plusOffered: boolean;
  /** A fresh SCRAM nonce: printable ASCII without commas (RFC 5802 §5.1), at least 18 random bytes' worth. */
  readonly nonce: () => string;
  /** Fewest SCRAM iterations to accept, so that a false server cannot ask for a cheap proof. Default `saslLimits.minIterations`. */
  readonly minIterations?: number;
}
