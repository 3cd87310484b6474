import type { ModSeq } from '#lib/ids';

/** An address with its name, as JMAP has them (RFC 8621 §4.1.2.3). */
export interface NamedAddress {
  readonly name: string | null;
  readonly email: string;
}

/** Properties of an identity that users may change (RFC 8621 §6). */
export interface IdentityProperties {
  readonly name: string;
  readonly replyTo: readonly NamedAddress[] | null;
  readonly bcc: readonly NamedAddress[] | null;
  readonly textSignature: string;
  readonly htmlSignature: string;
}

/** A stored identity: one that a user made, or what a user changed of the one of a configured address. */
export interface Identity extends IdentityProperties {
  readonly id: number;
  /** Configured address whose identity it is; null for one that a user made. */
  readonly address: string | null;
  readonly email: string;
  readonly createModSeq: ModSeq;
  readonly modSeq: ModSeq;
  readonly isGone: boolean;
}
