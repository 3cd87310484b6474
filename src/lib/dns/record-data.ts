import { writeIpv6 } from '#lib/domain';
import type { Records, RecordType } from './answer.ts';
import type { DnsLimits } from './limits.ts';
import { Malformed, readName } from './name.ts';
import type { DnsMessage, RawRecord } from './types.ts';

const utf8 = new TextDecoder();

type Reader<K extends RecordType> = (message: DnsMessage, record: RawRecord, limits: DnsLimits) => Records[K];

/** Decodes the data of a record. @throws Malformed */
export function readData<K extends RecordType>(
  type: K,
  message: DnsMessage,
  record: RawRecord,
  limits: DnsLimits,
): Records[K] {
  return readers[type](message, record, limits);
}

const readers: { readonly [K in RecordType]: Reader<K> } = {
  A: (message, record) => {
    need(record, 4, 4);
    return message.bytes.subarray(record.start, record.end).join('.');
  },
  // RFC 3596 §2.2: 128 bits in network byte order.
  AAAA: (message, record) => {
    need(record, 16, 16);
    return writeIpv6(message.bytes.subarray(record.start, record.end));
  },
  CNAME: (message, record, limits) => nameAt(message, record, 0, limits),
  PTR: (message, record, limits) => nameAt(message, record, 0, limits),
  // RFC 1035 §3.3.9: PREFERENCE, EXCHANGE.
  MX: (message, record, limits) => ({
    preference: u16(message, record, 0),
    exchange: nameAt(message, record, 2, limits),
  }),
  // RFC 1035 §3.3.14: one or more character strings. RFC 7208 §3.3: concatenated without spaces.
  TXT: (message, record) => {
    const pieces: Uint8Array[] = [];
    for (let at = record.start; at < record.end;) {
      const length = message.bytes[at] ?? 0;
      if (at + 1 + length > record.end) throw new Malformed(at, 'character string is cut off');
      pieces.push(message.bytes.subarray(at + 1, at + 1 + length));
      at += 1 + length;
    }
    // Joined as bytes first: a UTF-8 character may span two character strings.
    const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return utf8.decode(all);
  },
  SRV: (message, record, limits) => ({
    priority: u16(message, record, 0),
    weight: u16(message, record, 2),
    port: u16(message, record, 4),
    target: nameAt(message, record, 6, limits),
  }),
  // RFC 6698 §2.1: usage, selector, matching type, one octet each, then the data.
  TLSA: (message, record) => {
    need(record, 3, 0xffff);
    const [usage = 0, selector = 0, matching = 0] = message.bytes.subarray(record.start, record.start + 3);
    return { usage, selector, matching, data: message.bytes.slice(record.start + 3, record.end) };
  },
  // RFC 8659 §4.1: flags, length of the tag, tag, value; tags are matched without case.
  CAA: (message, record) => {
    need(record, 2, 0xffff);
    const [flags = 0, tagLength = 0] = message.bytes.subarray(record.start, record.start + 2);
    const valueStart = record.start + 2 + tagLength;
    if (tagLength === 0 || valueStart > record.end) throw new Malformed(record.start, 'CAA tag is cut off');
    return {
      flags,
      tag: utf8.decode(message.bytes.subarray(record.start + 2, valueStart)).toLowerCase(),
      value: utf8.decode(message.bytes.subarray(valueStart, record.end)),
    };
  },
};

function need(record: RawRecord, least: number, most: number): void {
  const length = record.end - record.start;
  if (length < least || length > most) throw new Malformed(record.start, `record data of ${length} bytes`);
}

function u16(message: DnsMessage, record: RawRecord, offset: number): number {
  need(record, offset + 2, 0xffff);
  return ((message.bytes[record.start + offset] ?? 0) << 8) | (message.bytes[record.start + offset + 1] ?? 0);
}

function nameAt(message: DnsMessage, record: RawRecord, offset: number, limits: DnsLimits): string {
  need(record, offset + 1, 0xffff);
  const { name, end } = readName(message.bytes, record.start + offset, limits);
  if (end !== record.end) throw new Malformed(record.start, 'name does not fill the record');
  return name.toLowerCase();
}
