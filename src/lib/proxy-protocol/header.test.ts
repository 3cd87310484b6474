import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeHex } from '#lib/codecs';
import { parseProxyHeader } from './header.ts';

const signature = '0d0a0d0a000d0a515549540a';
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const text = (line: string): Uint8Array => new TextEncoder().encode(line);

const good: readonly (readonly [name: string, Uint8Array, string])[] = [
  ['TCP4', text('PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n'), '192.0.2.1:56324 198.51.100.2:443'],
  ['TCP6', text('PROXY TCP6 2001:DB8:0::1 2001:db8::2 1 65535\r\n'), '2001:db8::1:1 2001:db8::2:65535'],
  ['TCP6 mapped', text('PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 1 2\r\n'), '192.0.2.1:1 192.0.2.2:2'],
  ['UNKNOWN', text('PROXY UNKNOWN\r\n'), 'local'],
  ['UNKNOWN with a rest', text('PROXY UNKNOWN ffff:f...f:ffff x 65535 65535\r\n'), 'local'],
  ['v2 TCP4', hex(`${signature} 21 11 000c c0000201 c6336402 dc04 01bb`), '192.0.2.1:56324 198.51.100.2:443'],
  [
    'v2 TCP6 with a field of an extension',
    hex(`${signature} 21 21 0028 20010db8${'0'.repeat(23)}1 20010db8${'0'.repeat(23)}2 0001 ffff 04000161`),
    '2001:db8::1:1 2001:db8::2:65535',
  ],
  [
    'v2 mapped',
    hex(`${signature} 21 21 0024 ${'0'.repeat(20)}ffffc0000201 ${'0'.repeat(31)}1 0001 0002`),
    '192.0.2.1:1 ::1:2',
  ],
  ['v2 LOCAL', hex(`${signature} 20 00 0000`), 'local'],
  ['v2 LOCAL with addresses', hex(`${signature} 20 11 000c c0000201 c6336402 dc04 01bb`), 'local'],
  ['v2 UNSPEC with a rest', hex(`${signature} 21 00 0003 010203`), 'local'],
];

function show(bytes: Uint8Array): string {
  const step = parseProxyHeader(bytes);
  if (step.kind !== 'header') return step.kind;
  if (step.relayed === null) return `local ${step.sizeBytes}`;
  const { source, destination } = step.relayed;
  return `${source.address}:${source.port} ${destination.address}:${destination.port} ${step.sizeBytes}`;
}

for (const [name, bytes, want] of good) {
  test(`parseProxyHeader: ${name}, whole, with the client's bytes behind it, and cut at every byte`, () => {
    assert.equal(show(bytes), `${want} ${bytes.length}`);
    assert.equal(show(Uint8Array.of(...bytes, ...text('EHLO x\r\n'))), `${want} ${bytes.length}`);
    for (let end = 0; end < bytes.length; end += 1) assert.equal(show(bytes.subarray(0, end)), 'more', `${end}`);
  });
}

for (const [name, bytes, reason] of [
  ['SMTP', text('EHLO x\r\n'), /does not begin/],
  ['TLS', hex('160301'), /does not begin/],
  ['lower case', text('proxy TCP4'), /does not begin/],
  ['LF alone', text('PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n'), /malformed/],
  ['two spaces', text('PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n'), /malformed/],
  ['an unknown family', text('PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n'), /malformed/],
  ['IPv6 as TCP4', text('PROXY TCP4 ::1 ::2 1 2\r\n'), /malformed/],
  ['IPv4 as TCP6', text('PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n'), /malformed/],
  ['a zone', text('PROXY TCP6 fe80::1%eth0 ::2 1 2\r\n'), /malformed/],
  ['an octal number', text('PROXY TCP4 192.0.02.1 192.0.2.2 1 2\r\n'), /malformed/],
  ['a port over 65535', text('PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n'), /malformed/],
  ['a port with a leading zero', text('PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n'), /malformed/],
  ['a missing port', text('PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n'), /malformed/],
  ['a second line within', text('PROXY UNKNOWN\rx\n'), /malformed/],
  ['a long line', text(`PROXY UNKNOWN ${'x'.repeat(93)}`), /longer than 107/],
  ['a long line with its end', text(`PROXY UNKNOWN ${'x'.repeat(93)}\r\n`), /longer than 107/],
  ['v2 of version 1', hex(`${signature} 11 11 000c`), /version or command/],
  ['v2 of an unknown command', hex(`${signature} 22 11 000c`), /version or command/],
  ['v2 UDP', hex(`${signature} 21 12 000c`), /not about a TCP/],
  ['v2 of a Unix socket', hex(`${signature} 21 31 00d8`), /not about a TCP/],
  ['v2 too short', hex(`${signature} 21 11 000b`), /too short/],
  ['v2 too short for IPv6', hex(`${signature} 21 21 000c`), /too short/],
  ['v2 too long', hex(`${signature} 21 11 0ff1`), /longer than 4096/],
] as const) {
  test(`parseProxyHeader refuses ${name}`, () => {
    const step = parseProxyHeader(bytes);
    assert.ok(step.kind === 'bad', step.kind);
    assert.match(step.reason, reason);
  });
}

test('parseProxyHeader: no change of one byte makes it throw', () => {
  for (const [, bytes] of good) {
    for (let at = 0; at < bytes.length; at += 1) {
      for (const byte of [0, 0x0a, 0x20, 0x7f, 0xff, (bytes[at] ?? 0) ^ 1]) {
        const changed = Uint8Array.from(bytes);
        changed[at] = byte;
        assert.ok(['more', 'bad', 'header'].includes(parseProxyHeader(changed).kind), encodeHex(changed));
      }
    }
  }
});
