/** The SASL mechanisms we speak, by their registered names. */
export type MechanismName =
  | 'EXTERNAL'
  | 'SCRAM-SHA-256-PLUS'
  | 'SCRAM-SHA-256'
  | 'SCRAM-SHA-1-PLUS'
  | 'SCRAM-SHA-1'
  | 'CRAM-MD5'
  | 'OAUTHBEARER'
  | 'XOAUTH2'
  | 'PLAIN'
  | 'LOGIN';

/** Channel bindings of a TLS connection; null members are not available on it. */
export interface ChannelBindings {
  /** RFC 9266. */
  readonly 'tls-exporter': Uint8Array | null;
  /** RFC 5929 §4.1. */
  readonly 'tls-server-end-point': Uint8Array | null;
}

/** Stored SCRAM keys of one user (RFC 5802 §3). */
export interface ScramKeys {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** Proven identity of a client. */
export interface Identity {
  /** The account's name. */
  readonly account: string;
  /** The login name as used, normalised. */
  readonly login: string;
}

/**
 * What the server knows of users. Names arrive as sent (UTF-8); the store normalises them.
 * For unknown users `scramKeys` answers made-up keys that are stable per name, so that existence does not show (RFC 5802 §9).
 */
export interface CredentialStore {
  /** Empty names and passwords are names and passwords, not mistakes of the client. Default false. */
  readonly takesEmptyPasswords?: boolean;
  /** Checks a clear password in constant time for known and unknown users alike; null when wrong. */
  checkPassword(login: string, password: string): Promise<Identity | null>;
  scramKeys(login: string, hash: 'SHA-1' | 'SHA-256'): Promise<ScramKeys>;
  /** Checks a CRAM-MD5 digest (RFC 2195): HMAC-MD5 of `challenge`, 32 lower-case hex digits; null when wrong. */
  checkCramMd5(login: string, challenge: string, digest: string): Promise<Identity | null>;
  /** The account behind a login name, once the mechanism proved the secret; null when unknown. */
  identify(login: string): Promise<Identity | null>;
  /** The account that a TLS client certificate (DER) stands for, optionally asked for by name (EXTERNAL, RFC 4422 App. A). */
  identifyCertificate(certificate: Uint8Array, authorizationId: string | null): Promise<Identity | null>;
  /**
   * Checks an OAuth access token (RFC 6750 §2.1), optionally for a login; null when it is not valid, or not that user's.
   * Left out where no tokens are taken.
   */
  checkToken?(token: string, login: string | null): Promise<Identity | null>;
}

/**
 * Why an exchange failed; `protocol` is malformed or out of order, and does not count as a guess. `busy` is a guess that was not
 * checked because too many others were.
 */
export type SaslFailure = 'credentials' | 'protocol' | 'channelBinding' | 'authorization' | 'aborted' | 'busy';

/** Answer of a server mechanism to one client message. */
export type SaslServerStep =
  | { readonly kind: 'challenge'; readonly data: Uint8Array }
  /** `data` is to be sent with the success (or as a last challenge where the profile has no room for it); null when none. */
  | { readonly kind: 'success'; readonly identity: Identity; readonly data: Uint8Array | null }
  | { readonly kind: 'failure'; readonly failure: SaslFailure; readonly reason: string; readonly login: string | null };

/** The server's side of one exchange. */
export interface SaslServer {
  readonly mechanism: MechanismName;
  /** Feeds the client's next message; null asks for the first step of an exchange without an initial response. */
  step(response: Uint8Array | null): Promise<SaslServerStep>;
}

/** Next step of a client mechanism. */
export type SaslClientStep =
  | { readonly kind: 'response'; readonly data: Uint8Array }
  /** The server proved itself (or the mechanism has no such proof); nothing more to send. */
  | { readonly kind: 'done' }
  | { readonly kind: 'failure'; readonly reason: string };

/** The client's side of one exchange. */
export interface SaslClient {
  readonly mechanism: MechanismName;
  /**
   * What the server said is wrong before it refused, one line for people; null as long as it said nothing.
   * Of the token mechanisms only: a refusal that follows has less to tell.
   */
  readonly problem?: string | null;
  /** The initial response (RFC 4422 §4), null when the mechanism waits for the server. */
  initial(): Uint8Array | null;
  /** Answers a challenge. */
  step(challenge: Uint8Array): SaslClientStep;
  /** Checks what came with success, such as SCRAM's server signature; without a valid one the exchange failed. */
  finish(data: Uint8Array | null): SaslClientStep;
}
