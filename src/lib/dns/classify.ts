import type { Records, RecordType, ResponseAnswer } from './answer.ts';
import { defaultLimits, type DnsLimits } from './limits.ts';
import { Malformed, readName } from './name.ts';
import { readData } from './record-data.ts';
import { Rcode, soaType, typeCodes, type DnsMessage, type RawRecord } from './types.ts';

/** RFC 8914 §4.2, §4.5 to §4.13: info codes that say that DNSSEC validation failed. */
const bogusCodes: ReadonlySet<number> = new Set([1, 2, 5, 6, 7, 8, 9, 10, 11, 12]);

/** TTL of absence when the answer has no SOA record. */
// deviates: RFC 2308 §2.1.1 says that such answers SHOULD NOT be cached. A short TTL prevents a new query for each of many messages.
const defaultAbsentTtlS = 30;

/**
 * Returns the answer of a response about `name` and `type`, after the CNAMEs within it.
 * AD counts only when `isTrusted`: the path to the resolver must be secure (RFC 4035 §4.9.3).
 * A malformed record of the requested type makes the whole answer a server failure: half an answer is worse than none.
 */
export function classify<K extends RecordType>(
  message: DnsMessage,
  question: { readonly name: string; readonly type: K; readonly isTrusted: boolean },
  limits: DnsLimits = defaultLimits,
): ResponseAnswer<Records[K]> {
  switch (message.rcode) {
    case Rcode.NoError:
    case Rcode.NxDomain:
      break;
    case Rcode.Refused:
    case Rcode.NotImp:
      return { kind: 'failed', why: 'refused' };
    default:
      return {
        kind: 'failed',
        why: message.extendedErrors.some((code) => bogusCodes.has(code)) ? 'bogus' : 'servfail',
      };
  }
  try {
    return read(message, question, limits);
  } catch (error) {
    if (error instanceof Malformed) return { kind: 'failed', why: 'servfail' };
    throw error;
  }
}

function read<K extends RecordType>(
  message: DnsMessage,
  question: { readonly name: string; readonly type: K; readonly isTrusted: boolean },
  limits: DnsLimits,
): ResponseAnswer<Records[K]> {
  const authentic = question.isTrusted && message.isAuthentic;
  let owner = question.name.toLowerCase().replace(/\.$/, '');
  let ttlS = Number.MAX_SAFE_INTEGER;
  // RFC 4343 §3: names are compared without case.
  const byOwner = Map.groupBy(
    message.answers.filter((record) => record.class === 1),
    (record) => record.name.toLowerCase(),
  );
  for (let aliases = 0; ; aliases += 1) {
    const here = byOwner.get(owner) ?? [];
    const wanted = here.filter((record) => record.type === typeCodes[question.type]);
    if (wanted.length > 0) {
      const records = wanted.map((record) => readData(question.type, message, record, limits));
      ttlS = Math.min(ttlS, ...wanted.map((record) => record.ttlS));
      return { kind: 'found', records, authentic, ttlS, canonicalName: owner };
    }
    const alias = here.find((record) => record.type === typeCodes.CNAME);
    if (alias === undefined) break;
    // RFC 1034 §3.6.2: CNAME chains should be followed, and loops are an error. RFC 2181 §10.1: one CNAME per name.
    if (aliases >= limits.maxAliases) return { kind: 'failed', why: 'servfail' };
    ttlS = Math.min(ttlS, alias.ttlS);
    owner = readData('CNAME', message, alias, limits);
  }
  const why = message.rcode === Rcode.NxDomain ? 'nxdomain' : 'nodata';
  return { kind: 'absent', why, authentic, ttlS: Math.min(ttlS, absentTtlS(message, limits)) };
}

/** RFC 2308 §5: the lesser of the SOA record's TTL and its MINIMUM field. */
function absentTtlS(message: DnsMessage, limits: DnsLimits): number {
  const soa = message.authorities.find((record) => record.type === soaType);
  return soa === undefined ? defaultAbsentTtlS : Math.min(soa.ttlS, soaMinimum(message, soa, limits));
}

function soaMinimum(message: DnsMessage, soa: RawRecord, limits: DnsLimits): number {
  const primary = readName(message.bytes, soa.start, limits);
  const mailbox = readName(message.bytes, primary.end, limits);
  if (mailbox.end + 20 !== soa.end) throw new Malformed(soa.start, 'SOA of a wrong length');
  return new DataView(message.bytes.buffer, message.bytes.byteOffset).getUint32(mailbox.end + 16);
}
