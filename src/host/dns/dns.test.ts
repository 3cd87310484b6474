import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns';
import { utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { decode, encode, type Answer as PacketAnswer, type Packet } from 'dns-packet';
import { systemClock } from '#host/clock';
import { systemRandom } from '#host/random';
import { resolverContract } from '#ports/resolver.contract';
import { FakeClock } from '#testing/fake-clock';
import { AnswerCache } from './cache.ts';
import { FakeLog } from '#testing/fake-log';
import { tempDir } from '#testing/temp-dir';
import { StubResolver, systemResolver } from './index.ts';
import { parseNameServer, parseResolvConf, systemSettings, type NameServer } from './settings.ts';

/** A name server on loopback: `reply` gives the packets to send back, over UDP or TCP. */
interface TinyServer extends AsyncDisposable {
  readonly address: NameServer;
  readonly asked: { readonly name: string; readonly over: 'udp' | 'tcp' }[];
}

type Reply = (query: Packet & { id: number }, over: 'udp' | 'tcp') => readonly Packet[];

async function tinyServer(reply: Reply, isTrusted = true): Promise<TinyServer> {
  const asked: { name: string; over: 'udp' | 'tcp' }[] = [];
  const answer = (bytes: Buffer, over: 'udp' | 'tcp'): Buffer[] => {
    const query = decode(bytes) as Packet & { id: number };
    asked.push({ name: query.questions?.[0]?.name ?? '', over });
    return reply(query, over).map((packet) =>
      encode({ type: 'response', id: query.id, questions: query.questions ?? [], ...packet }),
    );
  };
  const tcp = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (bytes: Buffer) => {
      for (const out of answer(bytes.subarray(2), 'tcp')) {
        const framed = Buffer.concat([Buffer.from([out.length >> 8, out.length & 255]), out]);
        socket.write(framed.subarray(0, 5));
        socket.end(framed.subarray(5));
      }
    });
  });
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
  const { port } = tcp.address() as { port: number };
  const udp = createSocket('udp4');
  await new Promise<void>((resolve) => udp.bind(port, '127.0.0.1', resolve));
  udp.on('message', (bytes, from) => {
    for (const out of answer(bytes, 'udp')) udp.send(out, from.port, from.address);
  });
  return {
    address: { address: '127.0.0.1', port, isTrusted },
    asked,
    [Symbol.asyncDispose]: async () => {
      await new Promise<void>((resolve) => udp.close(() => resolve()));
      await new Promise<void>((resolve) => tcp.close(() => resolve()));
    },
  };
}

function resolver(servers: readonly NameServer[], timeoutMs = 2000, attempts = 1): StubResolver {
  const settings = { current: () => Promise.resolve({ servers, timeoutMs, attempts }) };
  return new StubResolver({ clock: systemClock, random: systemRandom, settings });
}

const ad = 0x20;
const truncated = 0x200;
const record = (query: Packet, data = '192.0.2.1'): PacketAnswer => ({
  type: 'A',
  name: query.questions?.[0]?.name ?? '',
  ttl: 60,
  data,
});

resolverContract('StubResolver', async () => {
  const a = (name: string, data: string): PacketAnswer => ({ type: 'A', name, ttl: 60, data });
  const of = (name: string): PacketAnswer[] => [a(name, '192.0.2.1'), a(name, '192.0.2.2')];
  const server = await tinyServer(({ questions }) => {
    const [question] = questions ?? [];
    const name = question?.name ?? '';
    switch (name.toLowerCase()) {
      case 'host.example':
        return [{ answers: question?.type === 'A' ? of(name) : [] }];
      case 'alias.example':
        return [{ answers: [{ type: 'CNAME', name, ttl: 60, data: 'host.example' }, ...of('host.example')] }];
      case 'broken.example':
        return [{ flags: 2 }];
      case 'silent.example':
        return [];
      default:
        return [{ flags: 3 }];
    }
  });
  const dns = resolver([server.address], 200);
  return {
    resolver: dns,
    async [Symbol.asyncDispose]() {
      dns[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
});

test('StubResolver: found and authentic, from the cache the second time, asked once for two at the same time', async () => {
  await using server = await tinyServer((query) => [{ flags: ad, answers: [record(query)] }]);
  const dns = resolver([server.address]);
  const [one, two] = await Promise.all([dns.query('Mail.Example.org.', 'A'), dns.query('mail.example.org', 'A')]);
  assert.deepEqual(one, {
    kind: 'found',
    records: ['192.0.2.1'],
    authentic: true,
    ttlS: 60,
    canonicalName: 'mail.example.org',
  });
  assert.deepEqual(two, one);
  assert.equal((await dns.query('mail.example.org', 'A')).kind, 'found');
  assert.equal(server.asked.length, 1);
});

for (const [title, flags, want] of [
  ['nodata', 0, { kind: 'absent', why: 'nodata', authentic: false, ttlS: 30 }],
  ['nxdomain', 3, { kind: 'absent', why: 'nxdomain', authentic: false, ttlS: 30 }],
  ['servfail', 2, { kind: 'failed', why: 'servfail' }],
  ['refused', 5, { kind: 'failed', why: 'refused' }],
] as const) {
  test(`StubResolver: ${title}`, async () => {
    await using server = await tinyServer(() => [{ flags }]);
    assert.deepEqual(await resolver([server.address]).query('example.org', 'A'), want);
  });
}

test('StubResolver: AD of a resolver that is not trusted is not believed', async () => {
  await using server = await tinyServer((query) => [{ flags: ad, answers: [record(query)] }], false);
  const answer = await resolver([server.address]).query('example.org', 'A');
  assert.equal(answer.kind === 'found' && answer.authentic, false);
});

test('StubResolver: a truncated answer is asked again over TCP', async () => {
  await using server = await tinyServer((query, over) =>
    over === 'udp' ? [{ flags: truncated }] : [{ answers: [record(query)] }],
  );
  assert.equal((await resolver([server.address]).query('example.org', 'A')).kind, 'found');
  assert.deepEqual(
    server.asked.map(({ over }) => over),
    ['udp', 'tcp'],
  );
});

test('StubResolver: answers with another id or name are ignored, another case is asked again over TCP', async () => {
  await using spoofed = await tinyServer((query) => [
    { id: query.id ^ 1, answers: [record(query, '198.51.100.1')] },
    { questions: [{ type: 'A', name: 'evil.example' }], answers: [record(query, '198.51.100.2')] },
    { answers: [record(query)] },
  ]);
  const answer = await resolver([spoofed.address]).query('example.org', 'A');
  assert.deepEqual(answer.kind === 'found' && answer.records, ['192.0.2.1']);
  await using lower = await tinyServer((query, over) => [
    {
      questions: [
        { type: 'A', name: over === 'udp' ? 'ABCDEFGH.example-of-case.ORG' : (query.questions?.[0]?.name ?? '') },
      ],
      answers: [record(query)],
    },
  ]);
  assert.equal((await resolver([lower.address]).query('abcdefgh.example-of-case.org', 'A')).kind, 'found');
  assert.deepEqual(
    lower.asked.map(({ over }) => over),
    ['udp', 'tcp'],
  );
});

test('StubResolver: silence is a timeout, and the next server is asked', async () => {
  await using silent = await tinyServer(() => []);
  await using speaking = await tinyServer((query) => [{ answers: [record(query)] }]);
  assert.deepEqual(await resolver([silent.address], 20, 2).query('example.org', 'A'), {
    kind: 'failed',
    why: 'timeout',
  });
  assert.equal(silent.asked.length, 2);
  assert.equal((await resolver([silent.address, speaking.address], 20).query('example.org', 'A')).kind, 'found');
});

test('StubResolver: unavailable at once without servers, or when nobody listens', async () => {
  const gone = await tinyServer(() => []);
  await gone[Symbol.asyncDispose]();
  for (const servers of [[], [gone.address]]) {
    const answer = await resolver(servers, 60_000, 5).query('example.org', 'A');
    assert.deepEqual(answer, { kind: 'failed', why: 'unavailable' });
  }
});

test('StubResolver: rejects only when its caller aborts; a name that cannot be does not exist', async () => {
  await using silent = await tinyServer(() => []);
  using dns = resolver([silent.address], 60_000);
  const stop = new AbortController();
  const waiting = dns.query('example.org', 'A', stop.signal);
  stop.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
  assert.equal((await dns.query('a..b', 'A')).kind, 'absent');
});

test('AnswerCache: TTLs run down, are capped, and the longest unused goes first', async () => {
  const clock = new FakeClock();
  const cache = new AnswerCache({ maxEntries: 2, maxTtlS: 100 });
  const absent = (ttlS: number) => ({ kind: 'absent', why: 'nodata', authentic: false, ttlS }) as const;
  cache.set('a', absent(10), clock.monotonic());
  cache.set('b', absent(1_000_000), clock.monotonic());
  cache.set('zero', absent(0), clock.monotonic());
  cache.set('failed', { kind: 'failed', why: 'servfail' }, clock.monotonic());
  assert.equal(cache.size, 2);
  await clock.advance(4000);
  assert.deepEqual(cache.get('a', clock.monotonic()), absent(6));
  assert.deepEqual(cache.get('b', clock.monotonic()), absent(96));
  cache.get('a', clock.monotonic());
  cache.set('c', absent(10), clock.monotonic());
  assert.equal(cache.get('b', clock.monotonic()), undefined);
  await clock.advance(6000);
  assert.equal(cache.get('a', clock.monotonic()), undefined);
});

for (const [text, want] of [
  ['nameserver 192.0.2.53\n# nameserver 9.9.9.9\nsearch x\n', [['192.0.2.53', false], 2000, 2]],
  ['nameserver ::1 ; here\noptions timeout:1 attempts:3 edns0', [['::1', true], 1000, 3]],
  ['options trust-ad timeout:x\nnameserver 10.0.0.1', [['10.0.0.1', true], 2000, 2]],
  ['nameserver\nnameserver ns.example\n', [[], 2000, 2]],
] as const) {
  test(`parseResolvConf(${JSON.stringify(text)})`, () => {
    const settings = parseResolvConf(text);
    const servers = settings.servers.flatMap((s) => [s.address, s.isTrusted]);
    assert.deepEqual([servers, settings.timeoutMs, settings.attempts], want);
  });
}

for (const [text, want] of [
  ['127.0.0.1', { address: '127.0.0.1', port: 53, isTrusted: true }],
  ['192.0.2.1:5353', { address: '192.0.2.1', port: 5353, isTrusted: false }],
  ['[::1]:5353', { address: '::1', port: 5353, isTrusted: true }],
  ['2001:db8::1', { address: '2001:db8::1', port: 53, isTrusted: false }],
  ['192.0.2.1:0', null],
  ['192.0.2.1:70000', null],
  ['[x]:53', null],
  ['dns.example', null],
] as const) {
  test(`parseNameServer(${text})`, () => assert.deepEqual(parseNameServer(text), want));
}

test('systemSettings reads resolv.conf again when it changed, and asks Node where there is none', async () => {
  await using dir = await tempDir();
  const clock = new FakeClock();
  const path = join(dir.path, 'resolv.conf');
  const told = new Resolver().getServers().flatMap((text) => parseNameServer(text) ?? []);
  assert.deepEqual((await systemSettings(clock, null).current()).servers, told);
  const settings = systemSettings(clock, path);
  assert.deepEqual((await settings.current()).servers, told);
  for (const [seconds, address] of [
    [10, '192.0.2.1'],
    [20, '192.0.2.2'],
  ] as const) {
    await writeFile(path, `nameserver ${address}\n`);
    await utimes(path, seconds, seconds);
    await clock.advance(3000);
    assert.deepEqual((await settings.current()).servers, [{ address, port: 53, isTrusted: false }]);
  }
});

test('systemResolver asks the servers of the configuration, with the trust it gives them', async () => {
  await using server = await tinyServer((query) => [{ flags: ad, answers: [record(query)] }]);
  const servers = ['nonsense', `127.0.0.1:${server.address.port}`];
  const log = new FakeLog();
  for (const trustAuthenticData of [true, false]) {
    using dns = systemResolver({ servers, trustAuthenticData, clock: systemClock, random: systemRandom, log });
    const answer = await dns.query('example.org', 'A');
    assert.equal(answer.kind === 'found' && answer.authentic, trustAuthenticData);
  }
  assert.equal(log.ofLevel('warn').length, 2);
});
