import type { ResponseAnswer } from '#lib/dns';
import { isOneSequence, readCertificate } from './certificate.ts';
import { Matching, Selector, Usage, type TlsaRecord } from './tlsa.ts';

/** Answer to a TLSA query. */
export type TlsaAnswer =
  | ResponseAnswer<TlsaRecord>
  | { readonly kind: 'failed'; readonly why: 'timeout' | 'unavailable' };

/** A TLSA record that SMTP clients cannot use, with the reason. */
export interface UnusableRecord {
  readonly record: TlsaRecord;
  readonly reason: string;
}

/** Requirements of DANE at one host: the four outcomes of RFC 7672 §2.2. */
export type DaneDecision =
  /** The server MUST be authenticated by one of `records`, else no mail is delivered there. */
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
  /** DANE does not apply to this host. */
  | { readonly kind: 'none'; readonly why: 'absent' | 'insecure' }
  /** The lookup failed: delivery to this host MUST be delayed (RFC 7672 §2.1.2). */
  | { readonly kind: 'failed'; readonly why: Extract<TlsaAnswer, { kind: 'failed' }>['why'] };

/** Decides on DANE from the answer to the TLSA query of one host (RFC 7672 §2.2). Absence counts whether it is signed or not (RFC 7672 §2.1.1). */
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

/** Returns the reason why SMTP clients cannot use a record (RFC 7672 §3.1, RFC 7671 §9); null when they can. */
export function problemWith({ usage, selector, matching, data }: TlsaRecord): string | null {
  // RFC 7672 §3.1.3: PKIX usages are not used for SMTP, because there is no list of CAs that all mail servers trust.
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
 * Returns, of each usage and selector, the full records and those with the strongest digest. RFC 7671 §9: weaker digests are published for
 * less capable clients.
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
