import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseIp } from '#lib/domain';
import { Secret } from '#lib/secret';
import { SocksClient, type SocksStep } from './index.ts';
import type { SocksClientOptions } from './types.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const named = { target: { host: 'mx.example', port: 25 } };
const login = { ...named, credentials: { user: 'bob', password: new Secret('pässword') } };
const connectNamed = '05010003 0a 6d782e6578616d706c65 0019';
const loginBytes = '01 03 626f62 09 70c3a4737377 6f7264';

/** Plays the proxy's chunks: what was sent, and how it ended. */
function play(options: SocksClientOptions, chunks: readonly string[], isEnded = true): readonly string[] {
  const client = new SocksClient(options);
  const story = [hex(client.greeting)];
  for (const chunk of chunks) {
    const step = client.push(unhex(chunk));
    if (step.kind !== 'more') story.push(show(step));
    if (step.kind === 'connected' || step.kind === 'failed') return story;
  }
  if (isEnded) story.push(show(client.end()));
  return story;
}

function show(step: SocksStep): string {
  switch (step.kind) {
    case 'send':
      return hex(step.bytes);
    case 'more':
      return 'more';
    case 'connected':
      return `connected ${hex(step.rest)}`.trim();
    case 'failed':
      return `${step.blame}: ${step.reason}`;
  }
}

function ip(text: string) {
  const address = parseIp(text);
  assert.ok(address.ok);
  return address.value;
}

for (const [title, options, chunks, want] of [
  ['a name', named, ['0500', '05000001 00000000 0000'], ['050100', connectNamed, 'connected']],
  [
    'IPv4',
    { target: { host: ip('192.0.2.1'), port: 587 } },
    ['0500', '05000001 00000000 0000'],
    ['050100', '05010001 c0000201 024b', 'connected'],
  ],
  [
    'IPv6, and an IPv6 address in the reply',
    { target: { host: ip('2001:db8::1'), port: 25 } },
    ['0500', `05000004 ${'00'.repeat(16)} 0000`],
    ['050100', '05010004 20010db8000000000000000000000001 0019', 'connected'],
  ],
  [
    'a name in the reply, and the greeting of the target right behind it',
    named,
    ['0500', '05000003 03 616263 1234 323230'],
    ['050100', connectNamed, 'connected 323230'],
  ],
  ['an empty name in the reply', named, ['0500', '05000003 00 1234'], ['050100', connectNamed, 'connected']],
  [
    'user and password',
    login,
    ['0502', '0100', '05000001 00000000 0000'],
    ['05020002', loginBytes, connectNamed, 'connected'],
  ],
  ['a login nobody asks for', login, ['0500', '05000001 00000000 0000'], ['05020002', connectNamed, 'connected']],
  [
    'a login answered with 5',
    login,
    ['0502', '0500', '050000010000'],
    ['05020002', loginBytes, connectNamed, 'target: it ended the connection in the middle of an answer'],
  ],
  ['a wrong password', login, ['0502', '0101'], ['05020002', loginBytes, 'proxy: it refuses user and password']],
  [
    'a wrong password by hanging up',
    login,
    ['0502'],
    ['05020002', loginBytes, 'proxy: it ended the connection when it got user and password'],
  ],
  ['no login configured', named, ['05ff'], ['050100', 'proxy: it wants a login, and none is configured']],
  ['another login wanted', login, ['05ff'], ['05020002', 'proxy: it wants another kind of login']],
  ['a method not offered', named, ['0502'], ['050100', 'proxy: it chose login method 2, which was not offered']],
  ['SOCKS4', named, ['00'], ['050100', 'proxy: it is not a SOCKS5 proxy: an answer begins with 0']],
  ['HTTP', named, ['485454502f312e31'], ['050100', 'proxy: it is not a SOCKS5 proxy: it seems to speak HTTP']],
  ['nothing', named, [], ['050100', 'proxy: it ended the connection without a word']],
  ['half a method', named, ['05'], ['050100', 'proxy: it ended the connection in the middle of an answer']],
  ['no reply', named, ['0500'], ['050100', connectNamed, 'target: it ended the connection when asked to connect']],
  [
    'another version later',
    named,
    ['0500', '04'],
    ['050100', connectNamed, 'proxy: it is not a SOCKS5 proxy: an answer begins with 4'],
  ],
  [
    'an unknown type of address',
    named,
    ['0500', '05000002 00'],
    ['050100', connectNamed, 'proxy: its reply has an unknown type of address, 2'],
  ],
] as const) {
  test(`SocksClient: ${title}`, () => {
    const plain = want.map((text) => (/^[\da-f ]+$/.test(text) ? text.replaceAll(' ', '') : text));
    assert.deepEqual(play(options, chunks), plain);
    const bytes = chunks.map((chunk) => chunk.replaceAll(' ', '').match(/../g) ?? []);
    // Byte by byte nothing else happens, except that what the target said is not there yet.
    assert.deepEqual(play(options, bytes.flat()).map(withoutRest), plain.map(withoutRest));
  });
}

function withoutRest(text: string): string {
  return text.replace(/^connected .*/, 'connected');
}

test('SocksClient: a proxy that speaks out of turn', () => {
  assert.deepEqual(play(named, ['0500 05']), ['050100', 'proxy: it speaks out of turn']);
});

for (const [code, want] of [
  [1, 'target: it could not connect (general failure)'],
  [2, 'target: its rules do not allow this connection'],
  [3, 'target: network unreachable'],
  [4, 'target: host unreachable'],
  [5, 'target: connection refused'],
  [6, 'target: no answer (TTL expired)'],
  [7, 'proxy: it does not know CONNECT'],
  [8, 'target: it does not support this type of address'],
  [9, 'target: it could not connect (unknown reply 9)'],
  [255, 'target: it could not connect (unknown reply 255)'],
] as const) {
  test(`SocksClient: reply ${code}, whole and cut after two octets`, () => {
    const short = `05${code.toString(16).padStart(2, '0')}`;
    for (const reply of [short, `${short}00010000000000000`]) assert.equal(play(named, ['0500', reply]).at(-1), want);
  });
}

test('SocksClient refuses what the format has no room for', () => {
  const target = { host: 'mx.example', port: 25 };
  for (const options of [
    { target: { ...target, host: '' } },
    { target: { ...target, host: 'a'.repeat(256) } },
    { target: { ...target, host: 'mx example' } },
    { target: { ...target, host: 'mäx.example' } },
    { target: { ...target, port: 0 } },
    { target: { ...target, port: 65_536 } },
    { target: { ...target, port: 2.5 } },
    { target, credentials: { user: '', password: new Secret('p') } },
    { target, credentials: { user: 'u', password: new Secret('ü'.repeat(128)) } },
  ]) {
    assert.throws(() => new SocksClient(options), RangeError);
  }
  const full = new SocksClient({ target: { host: 'a'.repeat(255), port: 65_535 } });
  const step = full.push(unhex('0500'));
  assert.ok(step.kind === 'send' && step.bytes.length === 262);
});

test('SocksClient: an ended exchange stays ended', () => {
  const refused = new SocksClient(named);
  for (const answer of ['0501', '00', '']) assert.equal(refused.push(unhex(answer)).kind, 'failed');
  const client = new SocksClient(named);
  assert.equal(client.push(unhex('0500')).kind, 'send');
  assert.equal(client.push(unhex('05000001 00000000 0000')).kind, 'connected');
  assert.equal(client.push(unhex('05000001 00000000 0000')).kind, 'failed');
  assert.equal(client.end().kind, 'failed');
});

test('SocksClient: junk, cut anywhere, ends in a step, and the same one whole or in pieces', () => {
  const octet = fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 5, 255), fc.nat(255));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.array(octet, { maxLength: 12 }), (tail, head) => {
      const reply = Uint8Array.from([5, 0, ...head, ...tail]);
      const whole = atReply().push(reply);
      const client = atReply();
      let step: SocksStep = { kind: 'more' };
      let at = 0;
      while (step.kind === 'more' && at < reply.length) step = client.push(reply.subarray(at, ++at));
      if (whole.kind === 'connected') assert.ok(step.kind === 'connected' && whole.rest.length === reply.length - at);
      else assert.deepEqual(step, whole);
    }),
    { seed: 20260111, numRuns: 300 },
  );
});

/** A client that waits for the reply to its CONNECT. */
function atReply(): SocksClient {
  const client = new SocksClient(named);
  client.push(unhex('0500'));
  return client;
}
