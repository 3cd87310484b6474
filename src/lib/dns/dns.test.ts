import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode, decode, type Answer as PacketAnswer, type Packet } from 'dns-packet';
import * as fc from 'fast-check';
import type { RecordType } from './index.ts';
import { classify, decodeMessage, encodeName, encodeQuery, lookupFailureText } from './index.ts';

const flags = { rd: 0x100, ra: 0x80, ad: 0x20 };

function response(type: RecordType, answers: PacketAnswer[], more: Partial<Packet> = {}): Uint8Array {
  const questions = [{ type, name: 'example.org' }];
  return encode({ type: 'response', id: 7, flags: flags.rd | flags.ra, questions, answers, ...more });
}

function answerOf(bytes: Uint8Array, type: RecordType, isTrusted = true): unknown {
  const decoded = decodeMessage(bytes);
  assert.ok(decoded.ok, decoded.ok ? '' : decoded.reason);
  return classify(decoded.value, { name: 'Example.org.', type, isTrusted });
}

const name = 'example.org';
const rows: readonly (readonly [RecordType, PacketAnswer, unknown])[] = [
  ['A', { type: 'A', name, data: '192.0.2.1' }, '192.0.2.1'],
  ['AAAA', { type: 'AAAA', name, data: '2001:db8:0:0:1::1' }, '2001:db8::1:0:0:1'],
  [
    'MX',
    { type: 'MX', name, data: { preference: 10, exchange: 'MX.example.org' } },
    { preference: 10, exchange: 'mx.example.org' },
  ],
  ['MX', { type: 'MX', name, data: { preference: 0, exchange: '.' } }, { preference: 0, exchange: '' }],
  ['TXT', { type: 'TXT', name, data: ['v=spf1 ', '-all é'] }, 'v=spf1 -all é'],
  ['PTR', { type: 'PTR', name, data: 'host.example.org' }, 'host.example.org'],
  [
    'SRV',
    { type: 'SRV', name, data: { priority: 1, weight: 2, port: 587, target: 't.example' } },
    { priority: 1, weight: 2, port: 587, target: 't.example' },
  ],
  [
    'TLSA',
    { type: 'TLSA', name, data: { usage: 3, selector: 1, matchingType: 1, certificate: Buffer.from([1, 2, 3]) } },
    { usage: 3, selector: 1, matching: 1, data: Uint8Array.of(1, 2, 3) },
  ],
  [
    'CAA',
    { type: 'CAA', name, data: { flags: 128, tag: 'issue', value: 'ca.example' } },
    { flags: 128, tag: 'issue', value: 'ca.example' },
  ],
];
for (const [type, record, want] of rows) {
  test(`classify: found ${type} ${JSON.stringify(want)}`, () => {
    const bytes = new Uint8Array(response(type, [{ ...record, ttl: 60 } as PacketAnswer]));
    assert.deepEqual(answerOf(bytes, type), {
      kind: 'found',
      records: [want],
      authentic: false,
      ttlS: 60,
      canonicalName: name,
    });
  });
}

test('classify: CNAME chain within the answer, with the least TTL; a loop is a server failure', () => {
  const chain: PacketAnswer[] = [
    { type: 'CNAME', name: 'EXAMPLE.org', ttl: 30, data: 'www.Example.net' },
    { type: 'A', name: 'www.example.NET', ttl: 60, data: '192.0.2.9' },
  ];
  assert.deepEqual(answerOf(response('A', chain, { flags: flags.ad }), 'A'), {
    kind: 'found',
    records: ['192.0.2.9'],
    authentic: true,
    ttlS: 30,
    canonicalName: 'www.example.net',
  });
  assert.deepEqual(answerOf(response('A', [{ type: 'CNAME', name, ttl: 30, data: name }]), 'A'), {
    kind: 'failed',
    why: 'servfail',
  });
});

const soa: PacketAnswer = {
  type: 'SOA',
  name,
  ttl: 600,
  data: { mname: 'ns.example.org', rname: 'root.example.org', serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 90 },
};
for (const [title, rcode, authorities, want] of [
  ['nodata', 0, [soa], { kind: 'absent', why: 'nodata', authentic: false, ttlS: 90 }],
  ['nxdomain', 3, [soa], { kind: 'absent', why: 'nxdomain', authentic: false, ttlS: 90 }],
  ['nxdomain without SOA', 3, [], { kind: 'absent', why: 'nxdomain', authentic: false, ttlS: 30 }],
  ['servfail', 2, [], { kind: 'failed', why: 'servfail' }],
  ['refused', 5, [], { kind: 'failed', why: 'refused' }],
] as const) {
  test(`classify: ${title}`, () => {
    assert.deepEqual(answerOf(response('A', [], { flags: rcode, authorities: [...authorities] }), 'A'), want);
  });
}

test('classify: AD counts only from a trusted resolver; an extended error tells bogus from servfail', () => {
  const bytes = response('A', [{ type: 'A', name, ttl: 1, data: '192.0.2.1' }], { flags: flags.ad });
  assert.equal((answerOf(bytes, 'A', true) as { authentic: boolean }).authentic, true);
  assert.equal((answerOf(bytes, 'A', false) as { authentic: boolean }).authentic, false);
  const opt = {
    type: 'OPT',
    name: '.',
    options: [{ code: 15, data: Buffer.from([0, 6, 0x78]) }],
  } as unknown as PacketAnswer;
  const bogus = response('A', [], { flags: 2, additionals: [opt] });
  assert.deepEqual(answerOf(bogus, 'A'), { kind: 'failed', why: 'bogus' });
});

test('encodeQuery is what others read: EDNS0 with DO, AD, the case as asked', () => {
  const wire = encodeQuery({ name: 'Mail.example.org', type: 'TLSA', id: 0xbeef, caseBits: Uint8Array.of(0b101) });
  assert.ok(wire !== null);
  const packet = decode(Buffer.from(wire));
  assert.equal(packet.id, 0xbeef);
  assert.deepEqual(packet.questions?.[0], { name: 'MaIl.example.org', type: 'TLSA', class: 'IN' });
  assert.equal(packet.flags, flags.rd | flags.ad);
  const opt = packet.additionals?.[0] as unknown as { type: string; udpPayloadSize: number; flag_do: boolean };
  assert.deepEqual([opt.type, opt.udpPayloadSize, opt.flag_do], ['OPT', 1232, true]);
});

for (const bad of [
  'a..b',
  '.a',
  `${'x'.repeat(64)}.org`,
  `${'abc.'.repeat(64)}org`,
  'a b.org',
  'münchen.de',
  'a\\.b',
]) {
  test(`encodeName refuses ${JSON.stringify(bad.slice(0, 20))}`, () => assert.equal(encodeName(bad), null));
}

const header = [0, 7, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0];
for (const [title, rest] of [
  ['pointer to itself', [0xc0, 12, 0, 1, 0, 1]],
  ['pointer forward', [0xc0, 20, 0, 1, 0, 1]],
  ['pointers back and forth', [1, 97, 0xc0, 12, 0, 1, 0, 1]],
  ['reserved label', [0x80, 0, 0, 1, 0, 1]],
  ['cut off', [5, 97]],
  ['empty', []],
] as const) {
  test(`decodeMessage refuses a name with: ${title}`, () => {
    assert.equal(decodeMessage(Uint8Array.from([...header, ...rest])).ok, false);
  });
}

test('decodeMessage and classify survive anything', () => {
  const good = new Uint8Array(
    response(
      'MX',
      rows.map(([, record]) => ({ ...record, ttl: 60 }) as PacketAnswer),
      { authorities: [soa] },
    ),
  );
  const types: readonly RecordType[] = ['A', 'AAAA', 'MX', 'TXT', 'PTR', 'SRV', 'TLSA', 'CAA', 'CNAME'];
  const edit = fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 12 }), fc.nat(good.length), (edits, length) => {
      const bytes = good.slice(0, edits.length % 3 === 0 ? length : good.length);
      for (const [at, value] of edits) if (at < bytes.length) bytes[at] = value;
      const decoded = decodeMessage(bytes);
      if (!decoded.ok) return;
      for (const type of types) classify(decoded.value, { name, type, isTrusted: false });
    }),
    { numRuns: 2000, seed: 1035 },
  );
});

test('lookupFailureText: every reason in words of its own', () => {
  const all = (['servfail', 'bogus', 'refused', 'timeout', 'unavailable'] as const).map((why) =>
    lookupFailureText(why),
  );
  assert.equal(new Set(all).size, 5);
  assert.equal(all[0], 'the name servers failed (SERVFAIL)');
  assert.equal(all[1], 'the answer is not validly signed (DNSSEC: bogus)');
});
