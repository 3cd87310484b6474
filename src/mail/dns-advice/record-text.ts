import { encodeHex } from '#lib/codecs';
import type { Records, RecordType } from '#ports/resolver';

/** A record's type with its data. */
export type RecordData = { [K in RecordType]: { readonly type: K; readonly data: Records[K] } }[RecordType];

/** Longest character string (RFC 1035 §3.3): 255 octets after the length octet, which counts as the 256th. */
const maxStringBytes = 255;

/** Returns a record's data as in a zone file, with final dots; the text of a TXT record unquoted. */
export function recordText(record: RecordData): string {
  switch (record.type) {
    case 'A':
    case 'AAAA':
    case 'TXT':
      return record.data;
    case 'CNAME':
    case 'PTR':
      return `${record.data}.`;
    case 'MX':
      return `${record.data.preference} ${record.data.exchange}.`;
    case 'SRV': {
      const { priority, weight, port, target } = record.data;
      return `${priority} ${weight} ${port} ${target}.`;
    }
    case 'TLSA': {
      const { usage, selector, matching, data } = record.data;
      return `${usage} ${selector} ${matching} ${encodeHex(data)}`;
    }
    case 'CAA':
      return `${record.data.flags} ${record.data.tag} ${quoted(new TextEncoder().encode(record.data.value))}`;
  }
}

/** Returns one line of a zone file (RFC 1035 §5.1). */
export function zoneLine(record: RecordData & { readonly name: string }, ttlS: number | null = null): string {
  const data = record.type === 'TXT' ? quotedText(record.data) : recordText(record);
  return `${record.name}. ${ttlS === null ? '' : `${ttlS} `}IN ${record.type} ${data}`;
}

/** Splits text into quoted strings of at most 255 octets, which readers join without spaces (RFC 7208 §3.3, RFC 6376 §3.6.2.2). */
function quotedText(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const strings: string[] = [];
  for (let at = 0; at < bytes.length || at === 0; at += maxStringBytes)
    strings.push(quoted(bytes.subarray(at, at + maxStringBytes)));
  return strings.join(' ');
}

/** Quotes a string (RFC 1035 §5.1): escapes quotes and backslashes, and writes other octets than printable ASCII as `\DDD`. */
function quoted(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    if (byte === 0x22 || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`;
    else text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, '0')}`;
  }
  return `"${text}"`;
}
