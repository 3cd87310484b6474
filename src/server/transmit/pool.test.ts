import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Files } from '#host/files';
import { parseServerFile } from '#mail/config';
import type { Transmission } from '#mail/queue';
import type { RouteTarget } from '#mail/routes';
import { dayOf } from '#mail/tls-policies';
import { fakeUser } from '#testing/fake-smtp-backend';
import { showOutcome, TransmitWorld, type FakeHost, type TransmitWorldOptions } from '#testing/transmit-world';
import { SmtpTransmitter, TransportSecrets } from './index.ts';

const domain = 'two.example';
const direct: RouteTarget = { kind: 'direct', domain };
const good: FakeHost = { startTls: true };
const one = '192.0.2.1:25';

class World extends TransmitWorld {
  constructor(host: FakeHost, options: TransmitWorldOptions = {}) {
    const secrets = new TransportSecrets({ files: new Files(), folder: 'nowhere' });
    super({ '192.0.2.1': host }, (parts) => new SmtpTransmitter({ ...parts, secrets }), options);
  }

  /** @returns what came of it, and whether over a connection that was used before. */
  async send(to = 'a@two.example', route = direct, more: Partial<Transmission> = {}): Promise<string> {
    const [outcome] = await this.transmit(route, [to], more);
    assert.ok(outcome);
    const isReused = outcome.remote?.session?.isReused === true;
    return `${showOutcome(outcome)}${isReused ? ', again' : ''}`;
  }
}

const ok = 'delivered by mx1.example';
const again = `${ok}, again`;

function by(settings: string): RouteTarget {
  const text = `{ hostname: us.example, postmaster: a, listeners: {}, transports: { t: { ${settings} } } }`;
  const transport = parseServerFile({ file: 'server.yaml', text }).transports['t'];
  assert.ok(transport);
  return { kind: 'transport', name: 't', transport, domain };
}

test('ConnectionPool: the next message to the same host takes the connection; reports count it once', async () => {
  await using world = new World(good);
  assert.deepEqual([await world.send(), await world.send('b@two.example'), await world.send()], [ok, again, again]);
  assert.deepEqual(world.dialed, [one]);
  assert.deepEqual(
    world.backends.get('192.0.2.1')?.messages.map(({ to }) => to.join(' ')),
    ['a@two.example', 'b@two.example', 'a@two.example'],
  );
  const { results } = world.tlsPolicies;
  await results.flush();
  const facts = await results.facts(dayOf(world.clock.now()), domain);
  assert.deepEqual(
    facts.map(({ sessions }) => sessions),
    [1],
  );
});

test('ConnectionPool: what was said before is kept with the message before', async () => {
  await using world = new World(good);
  await world.send();
  const [outcome] = await world.transmit(direct, ['b@two.example']);
  const dialogue = outcome?.remote?.session?.dialogue ?? [];
  assert.match(dialogue[0] ?? '', /^> MAIL FROM:<s@us\.example>/);
  assert.equal(dialogue[1], '> RCPT TO:<b@two.example>');
  assert.equal(dialogue.length, 6);
});

test('ConnectionPool: an address that does not answer is not tried again while another one of the host is connected', async () => {
  await using world = new World(good);
  const route = { kind: 'direct', domain: 'both.example' } as const;
  const reached = 'delivered by both.example';
  assert.deepEqual(
    [await world.send(undefined, route), await world.send(undefined, route)],
    [reached, `${reached}, again`],
  );
  assert.deepEqual(world.dialed, ['2001:db8::1:25', one]);
});

test('ConnectionPool: whoever comes at the same time does not wait', async () => {
  await using world = new World(good);
  assert.deepEqual(await Promise.all([world.send(), world.send()]), [ok, ok]);
  assert.deepEqual(await Promise.all([world.send(), world.send(), world.send()]), [again, again, ok]);
  assert.deepEqual(world.dialed, [one, one, one]);
});

for (const [title, end] of [
  ['is cut', (world: World) => world.ends[0]?.destroy()],
  ['is ended', (world: World) => world.ends[0]?.endWriting()],
  [
    'is ended with 421',
    async (world: World) => {
      await world.ends[0]?.write(new TextEncoder().encode('421 4.3.2 bye\r\n'));
      world.ends[0]?.destroy();
    },
  ],
] as const) {
  test(`ConnectionPool: a connection that ${title} meanwhile is replaced at once`, async () => {
    await using world = new World(good);
    await world.send();
    await end(world);
    assert.equal(await world.send(), ok);
    assert.deepEqual(world.dialed, [one, one]);
    assert.deepEqual(world.log.ofLevel('error'), []);
  });
}

test('ConnectionPool: a host that has enough of a connection gets another', async () => {
  let mails = 0;
  const rewrite = (text: string): string => {
    if (!text.startsWith('250 2.1.0 ok')) return text;
    mails += 1;
    return mails === 2 ? text.replace('250 2.1.0 ok', '450 4.7.1 too many for one connection') : text;
  };
  await using world = new World({ ...good, rewrite });
  assert.deepEqual([await world.send(), await world.send(), await world.send()], [ok, ok, again]);
  assert.deepEqual(world.dialed, [one, one]);
});

test('ConnectionPool: a connection that ended while it owed the answer to RSET is replaced at once', async () => {
  await using world = new World({ ...good, rewrite: (text) => text.replace(/RCPTMAX=[0-9]+/, 'RCPTMAX=1') });
  const outcomes = await world.transmit(direct, ['a@two.example', 'nobody@two.example']);
  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    ['delivered', 'refused'],
  );
  world.ends[0]?.endWriting();
  assert.equal(await world.send(), ok);
  assert.deepEqual(world.dialed, [one, one]);
});

test('ConnectionPool: a host that hangs up after it answered MAIL has failed, and the next one is tried at the next attempt', async () => {
  let isDead = false;
  const rewrite = (text: string): string => {
    if (!isDead || !text.startsWith('250 2.1.0')) return text;
    setImmediate(() => world.ends[0]?.destroy());
    return '250 2.1.0 ok\r\n';
  };
  await using world = new World({ ...good, rewrite });
  await world.send();
  isDead = true;
  // With the whole message in hand, in one piece with the envelope.
  assert.equal(await world.send(), 'deferred server closed the connection at mx1.example, again');
  assert.deepEqual(world.dialed, [one]);
  isDead = false;
  assert.equal(await world.send(), ok);
  assert.deepEqual(world.dialed, [one, '192.0.2.2:25', one]);
});

for (const to of ['nobody@two.example', 'later@two.example', 'badfinish@two.example']) {
  test(`ConnectionPool: after ${to.split('@')[0]} was refused the connection carries nothing more`, async () => {
    await using world = new World(good);
    await world.send(to);
    assert.equal(await world.send(), ok);
    assert.equal(world.dialed.filter((place) => place === one).length, 2);
  });
}

for (const [title, settings, host, messages, connections] of [
  ['messagesPerConnection', 'kind: direct, limits: { messagesPerConnection: 2 }', good, 5, 3],
  ['MAILMAX (RFC 9422)', 'kind: direct', { ...good, rewrite: mailMax }, 7, 3],
  ['a hundred without a setting', 'kind: direct', good, 101, 2],
  ['no limit to a relay without a setting', 'kind: smtp, host: relay.example', good, 120, 1],
  ['ten to Exim without a setting', 'kind: smtp, host: relay.example', { ...good, rewrite: exim }, 11, 2],
  [
    'what is set also to Exim',
    'kind: smtp, host: relay.example, limits: { messagesPerConnection: 11 }',
    { ...good, rewrite: exim },
    11,
    1,
  ],
] as const) {
  test(`ConnectionPool: ${title}`, async () => {
    await using world = new World(host);
    const route = by(settings);
    for (let i = 0; i < messages; i += 1) await world.send(undefined, route);
    assert.equal(world.dialed.length, connections);
  });
}

function exim(text: string): string {
  return text.replace(/^220 .*ESMTP.*/, '220 mx.example ESMTP Exim 4.96 Thu, 01 Jan 2026 00:00:00 +0000');
}

function mailMax(text: string): string {
  return text.replace(/MAILMAX=[0-9]+/, 'MAILMAX=3');
}

test('ConnectionPool: a connection waits a few seconds and is not used for long', async () => {
  await using world = new World(good);
  await world.send();
  await world.clock.advance(2500);
  assert.equal(await world.send(), again);
  await world.clock.advance(4500);
  assert.equal(world.ends[0]?.isClosed, true);
  assert.equal(world.clock.pending, 1, 'only results wait to be written');
  for (let i = 0; i < 120; i += 1) {
    await world.clock.advance(2600);
    await world.send();
  }
  assert.equal(world.dialed.length, 3);
});

for (const [title, host, first, second, dials] of [
  ['a verified one is good for REQUIRETLS', good, 'default', 'required', 1],
  ['a bad certificate is not good for REQUIRETLS', { ...good, badCertificate: true }, 'default', 'required', 2],
  ['REQUIRETLS must be offered', { ...good, noRequireTls: true }, 'default', 'required', 2],
  ['one without TLS is good for who does not mind', {}, 'optional', 'default', 1],
  ['one without TLS is not good for REQUIRETLS', {}, 'default', 'required', 2],
] as const satisfies readonly (readonly [string, FakeHost, Transmission['tls'], Transmission['tls'], number])[]) {
  test(`ConnectionPool: ${title}`, async () => {
    await using world = new World(host, { authentic: [domain] });
    await world.send(undefined, direct, { tls: first });
    await world.send(undefined, direct, { tls: second });
    assert.equal(world.dialed.filter((place) => place === one).length, dials);
  });
}

test('ConnectionPool: other transports, names and addresses have other connections', async () => {
  const login = `user: ${fakeUser.login}, password: ${fakeUser.password}`;
  await using world = new World({ ...good, mechanisms: ['SCRAM-SHA-256', 'PLAIN'] });
  const relay = by(`kind: submission, host: relay.example, auth: { ${login} }`);
  const same = by(`kind: submission, host: relay.example, auth: { ${login} }`);
  assert.equal(await world.send(undefined, relay), 'delivered by relay.example');
  assert.equal(await world.send('x@other.example', relay), 'delivered by relay.example, again');
  assert.equal(await world.send(undefined, same), 'delivered by relay.example');
  assert.equal(world.dialed.length, 2);
});

test('ConnectionPool: everything is ended with the transmitter', async () => {
  const world = new World(good);
  await Promise.all([world.send(), world.send()]);
  await world[Symbol.asyncDispose]();
  assert.deepEqual(
    world.ends.map(({ isClosed }) => isClosed),
    [true, true],
  );
});
