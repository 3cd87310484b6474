import type { ResponseAnswer } from '#lib/dns';
import { isOneSequence, readCertificate } from './certificate.ts';
import { Matching, Selector, Usage, type TlsaRecord } from './tlsa.ts';

/** Answer to a TLSA query. */
export type TlsaAnswer =
  | ResponseAnswer<TlsaRecord>
  | { readonly kind: 'failed'; readonly why: 'timeout' | 'unavailable' };

/** A TLSA record that SMTP clients cannot use, and why. */
export interface UnusableRecord {
  readonly record: TlsaRecord;
  readonly reason: string;
}

/** Demands of DANE at one host: the four outcomes of RFC 7672 §2.2. */
export type DaneDecision =
  /** The server must be authenticated by one of `records`; without that nothing may be delivered there. */
  | {
      readonly kind: 'usable';
      /** Records to verify with, after digest algorithm agility (RFC 7671 §9). */
      readonly records: readonly TlsaRecord[];
      readonly published: readonly TlsaRecord[];
      readonly unusable: readonly UnusableRecord[];
    }
  /** Records exist, none is usable: TLS is mandatory, authentication is not. */
  | {
      readonly kind: 'unusable';
      readonly published: readonly TlsaRecord[];
      readonly unusable: readonly UnusableRecord[];
    }
  /** DANE says nothing about this host. */
  | { readonly kind: 'none'; readonly why: 'absent' | 'insecure' }
  /** The lookup failed: nothing may be delivered there now (RFC 7672 §2.1.2). */
  | { readonly kind: 'failed'; readonly why: Extract<TlsaAnswer, { kind: 'failed' }>['why'] };

/** Decides on DANE from the answer to the TLSA query of one host (RFC 7672 §2.2). Absence counts whether signed or not (§2.1.1). */
export function daneFor(answer: TlsaAnswer): DaneDecision {
  if (answer.kind === 'failed') return { kind: 'failed', why: answer.why };
  if (answer.kind === 'absent' || answer.records.length === 0) return { kind: 'none', why: 'absent' };
  if (!answer.authentic) return { kind: 'none', why: 'insecure' };
  const published = answer.records;
  const usable: TlsaRecord[] = [];
  const unusable: UnusableRecord[] = [];
  for (const record of published) {
    const reason = problemWith(record);
    if (reason === null) usable.push(record);
    else unusable.push({ record, reason });
  }
  if (usable.length === 0) return { kind: 'unusable', published, unusable };
  return { kind: 'usable', records: withStrongestDigests(usable), published, unusable };
}

const digestBytes: Readonly<Record<number, number>> = { [Matching.Sha256]: 32, [Matching.Sha512]: 64 };

/** Returns why SMTP clients cannot use a record (RFC 7672 §3.1, RFC 7671 §9), null when they can. */
export function problemWith({ usage, selector, matching, data }: TlsaRecord): string | null {
  // RFC 7672 §3.1.3: there is no list of CAs that all mail servers trust.
  if (usage === Usage.PkixTa || usage === Usage.PkixEe) return `usage ${usage} (PKIX) does not work for SMTP`;
  if (usage !== Usage.DaneTa && usage !== Usage.DaneEe) return `unknown usage ${usage}`;
  if (selector !== Selector.Cert && selector !== Selector.Spki) return `unknown selector ${selector}`;
  if (matching === Matching.Full) return problemWithFull(selector, data);
  const wanted = digestBytes[matching];
  if (wanted === undefined) return `unknown matching type ${matching}`;
  return data.length === wanted ? null : `digest of ${data.length} octets, ${wanted} expected`;
}

function problemWithFull(selector: number, data: Uint8Array): string | null {
  if (selector === Selector.Spki) return isOneSequence(data) ? null : 'data is not a public key';
  return readCertificate(data).ok ? null : 'data is not a certificate';
}

/**
 * RFC 7671 §9: of each usage and selector, records in full and those of the strongest digest; weaker digests are there for
 * clients that know no better.
 */
function withStrongestDigests(usable: readonly TlsaRecord[]): TlsaRecord[] {
  const kindOf = ({ usage, selector }: TlsaRecord): string => `${usage} ${selector}`;
  const strongest = new Map<string, number>();
  for (const record of usable) {
    strongest.set(kindOf(record), Math.max(record.matching, strongest.get(kindOf(record)) ?? 0));
  }
  return usable.filter(
    (record) => record.matching === Matching.Full || record.matching === strongest.get(kindOf(record)),
  );
}
