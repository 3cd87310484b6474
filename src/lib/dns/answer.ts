/** The record types that mail needs. Names are A-labels, lower case, without the final dot. */
export interface Records {
  A: string;
  AAAA: string;
  CNAME: string;
  PTR: string;
  MX: { readonly preference: number; readonly exchange: string };
  /** Character strings of one record joined (RFC 7208 §3.3). */
  TXT: string;
  SRV: { readonly priority: number; readonly weight: number; readonly port: number; readonly target: string };
  TLSA: { readonly usage: number; readonly selector: number; readonly matching: number; readonly data: Uint8Array };
  CAA: { readonly flags: number; readonly tag: string; readonly value: string };
}

/** Name of a record type that mail needs. */
export type RecordType = keyof Records;

/** Contents of one response as mail needs them: existence, absence or failure, with DNSSEC authenticity. */
export type ResponseAnswer<T> =
  | {
      readonly kind: 'found';
      readonly records: readonly T[];
      /** True when a trusted resolver set AD (RFC 4035 §4.9.3: MUST NOT rely on it otherwise). */
      readonly authentic: boolean;
      readonly ttlS: number;
      /** Name that the records belong to, after CNAMEs. */
      readonly canonicalName: string;
    }
  | { readonly kind: 'absent'; readonly why: 'nxdomain' | 'nodata'; readonly authentic: boolean; readonly ttlS: number }
  | { readonly kind: 'failed'; readonly why: 'servfail' | 'bogus' | 'refused' };
