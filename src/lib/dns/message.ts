import { parsed, refused, type Parsed } from '#lib/parsed';
import type { RecordType } from './answer.ts';
import { defaultLimits, type DnsLimits } from './limits.ts';
import { encodeName, Malformed, readName } from './name.ts';
import { optType, typeCodes, type DnsMessage, type RawRecord } from './types.ts';

/** UDP payload size that we announce: avoids fragments on every path (RFC 6891 §6.2.5, and the usual 1232). */
const udpPayloadBytes = 1232;

/** Question of a query. */
export interface Query {
  readonly name: string;
  readonly type: RecordType;
  /** 16 random bits. */
  readonly id: number;
  /** One random bit per letter of the name: 1 makes it upper case, and the answer must repeat it. */
  readonly caseBits?: Uint8Array;
}

/** Encodes a query with recursion desired, AD, EDNS0 and DO (RFC 3225 §3). Returns null when the name is no DNS name. */
export function encodeQuery(query: Query): Uint8Array | null {
  const name = encodeName(query.name, query.caseBits);
  if (name === null) return null;
  const type = typeCodes[query.type];
  const head = [
    query.id >> 8,
    query.id & 0xff,
    0x01, // RD
    0x20, // AD: we understand it (RFC 6840 §5.7)
    0,
    1, // one question
    0,
    0,
    0,
    0,
    0,
    1, // one additional record: OPT
  ];
  const question = [type >> 8, type & 0xff, 0, 1];
  const opt = [0, 0, optType, udpPayloadBytes >> 8, udpPayloadBytes & 0xff, 0, 0, 0x80, 0, 0, 0];
  return Uint8Array.from([...head, ...name, ...question, ...opt]);
}

/** Decodes a message into its sections (RFC 1035 §4.1). Refuses malformed ones; never throws, never loops, bounded by `limits`. */
export function decodeMessage(bytes: Uint8Array, limits: DnsLimits = defaultLimits): Parsed<DnsMessage> {
  try {
    return parsed(decode(bytes, limits));
  } catch (error) {
    if (error instanceof Malformed) return refused(error.at, error.message);
    throw error;
  }
}

function decode(bytes: Uint8Array, limits: DnsLimits): DnsMessage {
  if (bytes.length < 12) throw new Malformed(bytes.length, 'header is cut off');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  // RFC 1035 §4.1.1: QR, TC and RCODE; RFC 4035 §3.2.3: AD.
  const flags = view.getUint16(2);
  const questions: { name: string; type: number; class: number }[] = [];
  let at = 12;
  const questionCount = view.getUint16(4);
  // A query has one question, and the answer repeats it.
  if (questionCount > 1) throw new Malformed(4, 'more than one question');
  for (let i = 0; i < questionCount; i += 1) {
    const { name, end } = readName(bytes, at, limits);
    if (end + 4 > bytes.length) throw new Malformed(end, 'question is cut off');
    questions.push({ name, type: view.getUint16(end), class: view.getUint16(end + 2) });
    at = end + 4;
  }
  const counts = [view.getUint16(6), view.getUint16(8), view.getUint16(10)];
  if (counts.reduce((sum, n) => sum + n, 0) > limits.maxRecords) throw new Malformed(6, 'too many records');
  const sections = counts.map((count) => {
    const records: RawRecord[] = [];
    for (let i = 0; i < count; i += 1) {
      const record = readRecord(bytes, view, at, limits);
      records.push(record);
      at = record.end;
    }
    return records;
  });
  const [answers = [], authorities = [], additionals = []] = sections;
  const opt = additionals.find((record) => record.type === optType);
  // RFC 6891 §6.1.3: the OPT record has the upper 8 bits of the 12-bit RCODE in its TTL.
  const upperRcode = opt === undefined ? 0 : Math.trunc(opt.ttlS / 0x100_0000);
  return {
    bytes,
    id: view.getUint16(0),
    isResponse: (flags & 0x8000) !== 0,
    isTruncated: (flags & 0x0200) !== 0,
    isAuthentic: (flags & 0x0020) !== 0,
    rcode: (upperRcode << 4) | (flags & 0xf),
    questions,
    answers,
    authorities,
    extendedErrors: opt === undefined ? [] : extendedErrors(view, opt),
  };
}

function readRecord(bytes: Uint8Array, view: DataView, at: number, limits: DnsLimits): RawRecord {
  const { name, end } = readName(bytes, at, limits);
  if (end + 10 > bytes.length) throw new Malformed(end, 'record is cut off');
  const start = end + 10;
  const dataEnd = start + view.getUint16(end + 8);
  if (dataEnd > bytes.length) throw new Malformed(end + 8, 'record data is cut off');
  const type = view.getUint16(end);
  const ttl = view.getUint32(end + 4);
  // RFC 2181 §8: a TTL with the most significant bit set should be treated as zero. In OPT the field has another meaning.
  const ttlS = type !== optType && ttl > 0x7fff_ffff ? 0 : ttl;
  return { name, type, class: view.getUint16(end + 2), ttlS, start, end: dataEnd };
}

/** RFC 8914 §2: option 15 starts with a 16-bit info code. */
function extendedErrors(view: DataView, opt: RawRecord): number[] {
  const codes: number[] = [];
  for (let at = opt.start; at + 4 <= opt.end;) {
    const length = view.getUint16(at + 2);
    if (view.getUint16(at) === 15 && length >= 2 && at + 6 <= opt.end) codes.push(view.getUint16(at + 4));
    at += 4 + length;
  }
  return codes;
}
