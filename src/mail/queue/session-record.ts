/** TLS and dialogue of an attempt's connection; kept with the attempt, so that it can be explained later. */
export interface SessionRecord {
  /** Demand on TLS and its source, for people. */
  readonly demand: string;
  /** Null when mail went, or would have gone, without TLS. */
  readonly tls: {
    /** As OpenSSL names it, such as `TLSv1.3`. */
    readonly version: string;
    readonly cipher: string;
    /** Proof of the host's identity; null for none, or when none was required. */
    readonly verifiedBy: 'pkix' | 'dane' | 'dane-and-pkix' | null;
    /** Reason why a certificate authority does not vouch for the host's name; null: one does. */
    readonly problem: string | null;
  } | null;
  /** SASL mechanism of the login, null without one. */
  readonly mechanism: string | null;
  /** The connection had carried another message before. */
  readonly isReused: boolean;
  /** Commands and replies in short, without secrets and content; bounded. */
  readonly dialogue: readonly string[];
}

/** Reads a record as it was kept; null for none. What was kept by another version is taken as it is. */
export function readSession(text: string | null): SessionRecord | null {
  // Written by ourselves, from a value of this type.
  return text === null ? null : (JSON.parse(text) as SessionRecord);
}
