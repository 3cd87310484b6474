import type { MechanismName } from './mechanisms.ts';

/** Channel bindings of a TLS connection; null members are not available on it. */
export interface ChannelBindings {
  /** RFC 9266 §2: exported keying material. */
  readonly 'tls-exporter': Uint8Array | null;
  /** RFC 5929 §4.1: hash of the server's certificate. */
  readonly 'tls-server-end-point': Uint8Array | null;
}

/** Stored SCRAM keys of one user (RFC 5802 §3). */
export interface ScramKeys {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** Stored SCRAM keys of a login (RFC 5802 §3): of the account's own password, and of its app passwords, which share salt and iteration count. */
export interface ScramLogin extends ScramKeys {
  /** Identity that the account's own password proves; `identify` finds it when omitted. */
  readonly identity?: Identity;
  /** Empty when omitted. */
  readonly appPasswords?: readonly (Pick<ScramKeys, 'storedKey' | 'serverKey'> & { readonly identity: Identity })[];
}

/** Permissions of app passwords: to read and change mail, only to read it, and to send messages. */
export const appPasswordScopes = ['mail', 'read-only', 'send'] as const;

/** Permission of an app password. */
export type AppPasswordScope = (typeof appPasswordScopes)[number];

/** Proven identity of a client. */
export interface Identity {
  /** The account's name. */
  readonly account: string;
  /** The login name as used, normalised. */
  readonly login: string;
  /** The app password that proved it; omitted for the account's own password, a certificate or a token, which permit everything. */
  readonly appPassword?: { readonly id: number; readonly scopes: readonly AppPasswordScope[] };
  /** Number of the session of pages whose token proved it; omitted for all other proofs. */
  readonly webSession?: number;
  /** Name of the secret that proved it, for `CredentialChecker.isStillProved`; omitted by stores whose secrets never change. */
  readonly proof?: string;
  /** Milliseconds since 1970 from which the proof no longer holds; omitted for never. */
  readonly untilMs?: number;
}

/**
 * Store of the server's users. Names arrive as sent (UTF-8); the store normalizes them.
 * For unknown users `scramKeys` returns invented keys that are stable per name, so that a client cannot probe for users (RFC 5802 §9).
 */
export interface CredentialStore {
  /** Accepts empty names and passwords, against RFC 4616 §2 (1*SAFE). Default false. */
  readonly takesEmptyPasswords?: boolean;
  /** Checks a plaintext password, in the same time for known and unknown users; null when wrong. */
  checkPassword(login: string, password: string): Promise<Identity | null>;
  scramKeys(login: string, hash: 'SHA-1' | 'SHA-256'): Promise<ScramLogin>;
  /** Checks a CRAM-MD5 digest (RFC 2195 §2): HMAC-MD5 of `challenge`, 32 lower-case hex digits; null when wrong. */
  checkCramMd5(login: string, challenge: string, digest: string): Promise<Identity | null>;
  /** Returns the account of a login name, after the mechanism proved the secret; null when unknown. */
  identify(login: string): Promise<Identity | null>;
  /** Returns the account of a TLS client certificate (DER), optionally for a given name (EXTERNAL, RFC 4422 §A.1); null when there is none. */
  identifyCertificate(certificate: Uint8Array, authorizationId: string | null): Promise<Identity | null>;
  /**
   * Checks an OAuth access token (RFC 6750 §2.1), optionally for a login; null when it is invalid or belongs to another user.
   * Omitted where no tokens are accepted.
   */
  checkToken?(token: string, login: string | null): Promise<Identity | null>;
}

/**
 * Reason why an exchange failed. `protocol` is malformed or out of order, and does not count as a guess. `busy` is a guess that was not
 * checked because too many others were being checked.
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
  /** The server proved itself, or the mechanism has no such proof; nothing more to send. */
  | { readonly kind: 'done' }
  | { readonly kind: 'failure'; readonly reason: string };

/** The client's side of one exchange. */
export interface SaslClient {
  readonly mechanism: MechanismName;
  /**
   * Error that the server reported before its refusal, one line for people; null when it reported none.
   * Only for the token mechanisms, whose refusal has fewer details.
   */
  readonly problem?: string | null;
  /** Returns the initial response (RFC 4422 §4); null when the server sends the first message. */
  initial(): Uint8Array | null;
  /** Answers a challenge. */
  step(challenge: Uint8Array): SaslClientStep;
  /** Checks the data of the success reply, such as SCRAM's server signature; fails without a valid one (RFC 5802 §5). */
  finish(data: Uint8Array | null): SaslClientStep;
}
