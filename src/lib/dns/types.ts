import type { RecordType } from './answer.ts';

/** Type codes (RFC 1035 §3.2.2, RFC 3596 §2.1, RFC 2782, RFC 6698 §7.1, RFC 8659 §4.1). */
export const typeCodes: { readonly [K in RecordType]: number } = {
  A: 1,
  CNAME: 5,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  TLSA: 52,
  CAA: 257,
};

/** Type SOA, needed to read messages, never queried (RFC 1035 §3.2.2). */
export const soaType = 6;
/** OPT pseudo-record (RFC 6891 §6.1). */
export const optType = 41;

/** Response codes (RFC 1035 §4.1.1). */
export const Rcode = { NoError: 0, FormErr: 1, ServFail: 2, NxDomain: 3, NotImp: 4, Refused: 5 } as const;

/** A record of a message, with encoded data. */
export interface RawRecord {
  /** As written, case kept, labels joined by dots, no final dot; empty for the root. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly ttlS: number;
  /** Offset of the data in the message. */
  readonly start: number;
  readonly end: number;
}

/** A decoded message. */
export interface DnsMessage {
  readonly bytes: Uint8Array;
  readonly id: number;
  readonly isResponse: boolean;
  readonly isTruncated: boolean;
  /** AD: the server vouches for the answer (RFC 4035 §3.2.3). */
  readonly isAuthentic: boolean;
  /** With the upper bits of EDNS0 (RFC 6891 §6.1.3). */
  readonly rcode: number;
  readonly questions: readonly { readonly name: string; readonly type: number; readonly class: number }[];
  readonly answers: readonly RawRecord[];
  readonly authorities: readonly RawRecord[];
  /** Info codes of Extended DNS Errors (RFC 8914 §2). */
  readonly extendedErrors: readonly number[];
}
