import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Transmission } from '#mail/queue';
import type { RouteTarget } from '#mail/routes';
import { Files } from '#host/files';
import { showOutcome, TransmitWorld, type FakeHost, type TransmitterParts } from '#testing/transmit-world';
import { SmtpTransmitter, TransportSecrets } from './index.ts';

const secrets = new TransportSecrets({ files: new Files(), folder: 'nowhere' });
const make = (parts: TransmitterParts): SmtpTransmitter => new SmtpTransmitter({ ...parts, secrets });

const direct = (domain: string): RouteTarget => ({ kind: 'direct', domain });
const local: RouteTarget = { kind: 'local' };
const good: FakeHost = {};
const withoutSmtputf8: FakeHost = { rewrite: (text) => text.replace('250 SMTPUTF8\r\n', '250 X-NOTHING\r\n') };

for (const [title, hosts, route, to, more, want, dialed] of [
  [
    'the preferred host',
    { '192.0.2.1': good, '192.0.2.2': good },
    direct('two.example'),
    ['a@two.example'],
    {},
    ['delivered by mx1.example'],
    ['192.0.2.1:25'],
  ],
  [
    'the next host when one is down',
    { '192.0.2.2': good },
    direct('two.example'),
    ['a@two.example'],
    {},
    ['delivered by mx2.example'],
    ['192.0.2.1:25', '192.0.2.2:25'],
  ],
  [
    'the next host when one is busy',
    { '192.0.2.1': { busy: true }, '192.0.2.2': good },
    direct('two.example'),
    ['a@two.example'],
    {},
    ['delivered by mx2.example'],
    ['192.0.2.1:25', '192.0.2.2:25'],
  ],
  [
    'the next host when one says later',
    { '192.0.2.1': good, '192.0.2.2': good },
    direct('two.example'),
    ['later@two.example'],
    {},
    ['deferred 451 at mx2.example'],
    ['192.0.2.1:25', '192.0.2.2:25'],
  ],
  [
    'no other host after a refusal',
    { '192.0.2.1': good, '192.0.2.2': good },
    direct('two.example'),
    ['nobody@two.example', 'later@two.example'],
    {},
    ['refused 550 at mx1.example', 'deferred 451 at mx1.example'],
    ['192.0.2.1:25'],
  ],
  [
    'each recipient its own outcome',
    { '192.0.2.1': good },
    direct('two.example'),
    ['a@two.example', 'nobody@two.example'],
    {},
    ['delivered by mx1.example', 'refused 550 at mx1.example'],
    ['192.0.2.1:25'],
  ],
  [
    'those who need no SMTPUTF8, at a host without it',
    { '192.0.2.1': withoutSmtputf8 },
    direct('[192.0.2.1]'),
    ['ü@[192.0.2.1]', 'a@[192.0.2.1]'],
    {},
    ['refused the address needs SMTPUTF8, which the server does not offer at [192.0.2.1]', 'delivered by [192.0.2.1]'],
    ['192.0.2.1:25'],
  ],
  [
    'the next host when one lacks SMTPUTF8',
    { '192.0.2.1': withoutSmtputf8, '192.0.2.2': good },
    direct('two.example'),
    ['ü@two.example'],
    {},
    ['delivered by mx2.example'],
    ['192.0.2.1:25', '192.0.2.2:25'],
  ],
  [
    'the next host only for those who need SMTPUTF8',
    { '192.0.2.1': withoutSmtputf8, '192.0.2.2': good },
    direct('two.example'),
    ['a@two.example', 'ü@two.example', 'nobody@two.example'],
    {},
    ['delivered by mx1.example', 'delivered by mx2.example', 'refused 550 at mx1.example'],
    ['192.0.2.1:25', '192.0.2.2:25'],
  ],
  [
    'no host has SMTPUTF8',
    { '192.0.2.1': withoutSmtputf8, '192.0.2.2': withoutSmtputf8 },
    direct('two.example'),
    ['a@two.example', 'ü@two.example'],
    {},
    [
      'delivered by mx1.example',
      'refused mx1.example (192.0.2.1), mx2.example (192.0.2.2): the address needs SMTPUTF8, which the server does not offer at mx2.example',
    ],
    ['192.0.2.1:25', '192.0.2.2:25'],
  ],
  [
    'the host that has SMTPUTF8 is down',
    { '192.0.2.1': withoutSmtputf8 },
    direct('two.example'),
    ['a@two.example', 'ü@two.example'],
    {},
    [
      'delivered by mx1.example',
      'deferred mx1.example (192.0.2.1): the address needs SMTPUTF8, which the server does not offer\nmx2.example (192.0.2.2): connection refused at mx2.example',
    ],
    ['192.0.2.1:25', '192.0.2.2:25'],
  ],
  [
    'the next host when the message is too large for one',
    { '192.0.2.1': { rewrite: (text: string) => text.replace(/250-SIZE \d+/, '250-SIZE 1') }, '192.0.2.2': good },
    direct('two.example'),
    ['a@two.example'],
    {},
    ['delivered by mx2.example'],
    ['192.0.2.1:25', '192.0.2.2:25'],
  ],
  [
    'all hosts down',
    {},
    direct('two.example'),
    ['a@two.example'],
    {},
    ['deferred mx1.example (192.0.2.1), mx2.example (192.0.2.2): connection refused at mx2.example'],
    ['192.0.2.1:25', '192.0.2.2:25'],
  ],
  [
    'one host down and one busy',
    { '192.0.2.2': { busy: true } },
    direct('two.example'),
    ['a@two.example', 'b@two.example'],
    {},
    Array<string>(2).fill(
      'deferred mx1.example (192.0.2.1): connection refused\nmx2.example (192.0.2.2): 421 4.3.0 error on our side, please try again later (cid) at mx2.example',
    ),
    ['192.0.2.1:25', '192.0.2.2:25'],
  ],
  [
    'a null MX',
    {},
    direct('null.example'),
    ['a@null.example'],
    {},
    ['refused null.example takes no mail (null MX) at nobody'],
    [],
  ],
  [
    'no such domain',
    {},
    direct('gone.example'),
    ['a@gone.example'],
    {},
    ['refused the domain gone.example does not exist at nobody'],
    [],
  ],
  [
    'DNS trouble',
    {},
    direct('broken.example'),
    ['a@broken.example'],
    {},
    ['deferred looking up the mail hosts of broken.example: the name servers failed (SERVFAIL) at nobody'],
    [],
  ],
  [
    'an address literal',
    { '192.0.2.1': good },
    direct('[192.0.2.1]'),
    ['a@[192.0.2.1]'],
    {},
    ['delivered by [192.0.2.1]'],
    ['192.0.2.1:25'],
  ],
  [
    'our own port',
    { '127.0.0.1': good },
    local,
    ['a@us.example'],
    {},
    ['delivered by us.example for good'],
    ['127.0.0.1:1025'],
  ],
  [
    'our own port needs no TLS',
    { '127.0.0.1': good },
    local,
    ['a@us.example'],
    { tls: 'required' },
    ['delivered by us.example for good'],
    ['127.0.0.1:1025'],
  ],
  [
    'broken TLS is gone without',
    { '192.0.2.1': { startTls: true, pair: { tlsFails: true } } },
    direct('[192.0.2.1]'),
    ['a@[192.0.2.1]'],
    {},
    ['delivered by [192.0.2.1]'],
    ['192.0.2.1:25', '192.0.2.1:25'],
  ],
  [
    'broken TLS is not gone without when it is required',
    { '192.0.2.1': { startTls: true, pair: { tlsFails: true } } },
    direct('[192.0.2.1]'),
    ['a@[192.0.2.1]'],
    { tls: 'required' },
    [
      'refused channel is closed; demanded is a certificate for [192.0.2.1] by a trusted authority (REQUIRETLS) at [192.0.2.1]',
    ],
    ['192.0.2.1:25'],
  ],
  [
    'REQUIRETLS under TLS',
    { '192.0.2.1': { startTls: true } },
    direct('[192.0.2.1]'),
    ['a@[192.0.2.1]'],
    { tls: 'required' },
    ['delivered by [192.0.2.1]'],
    ['192.0.2.1:25'],
  ],
] as const satisfies readonly (readonly [
  string,
  Readonly<Record<string, FakeHost>>,
  RouteTarget,
  readonly string[],
  Partial<Transmission>,
  readonly string[],
  readonly string[],
])[]) {
  test(`SmtpTransmitter: ${title}`, async () => {
    await using world = new TransmitWorld(hosts, make);
    assert.deepEqual((await world.transmit(route, to, more)).map(showOutcome), want);
    assert.deepEqual(world.dialed, dialed);
    assert.deepEqual(world.log.ofLevel('error'), []);
  });
}

test('SmtpTransmitter: whoever takes the DSN parameters is to tell of success', async () => {
  for (const dsn of [true, false]) {
    await using world = new TransmitWorld({ '192.0.2.1': { dsn } }, make);
    const [outcome] = await world.transmit(direct('[192.0.2.1]'), ['a@[192.0.2.1]']);
    assert.equal(outcome?.kind === 'delivered' && outcome.dsnPassedOn, dsn);
  }
});

test('SmtpTransmitter: a message that cannot be read waits, and only the log says why', async () => {
  await using world = new TransmitWorld({ '192.0.2.1': good }, make);
  const content = {
    sizeBytes: 5,
    bytes: () => Promise.reject(new Error('EIO /var/secret')),
    // oxlint-disable-next-line require-yield -- it fails first
    async *stream(): AsyncGenerator<Uint8Array> {
      await Promise.reject(new Error('EIO /var/secret'));
    },
  };
  const [outcome] = await world.transmit(direct('[192.0.2.1]'), ['a@[192.0.2.1]'], { content });
  assert.equal(outcome && showOutcome(outcome), 'deferred the message could not be read here at [192.0.2.1]');
  assert.deepEqual(
    world.log.ofLevel('error').map(({ event }) => event),
    ['transmit.unreadable'],
  );
});

test('SmtpTransmitter: an attempt that is over when its connection is made ends with its own reason', async () => {
  const over = new AbortController();
  class Late extends TransmitWorld {
    override dial(to: Parameters<TransmitWorld['dial']>[0]): ReturnType<TransmitWorld['dial']> {
      over.abort(new Error('time is up'));
      return super.dial(to);
    }
  }
  await using world = new Late({ '192.0.2.1': good }, make);
  const [outcome] = await world.transmit(direct('[192.0.2.1]'), ['a@[192.0.2.1]'], { signal: over.signal });
  assert.equal(outcome && showOutcome(outcome), 'deferred time is up at [192.0.2.1]');
  assert.deepEqual(world.backends.get('192.0.2.1')?.messages, []);
});

test('SmtpTransmitter: an attempt that ends before the next host gives up nobody', async () => {
  const over = new AbortController();
  const rewrite = (text: string): string => {
    if (text.startsWith('221')) over.abort(new Error('time is up'));
    return text.replace('250 SMTPUTF8\r\n', '250 X-NOTHING\r\n');
  };
  await using world = new TransmitWorld({ '192.0.2.1': { rewrite }, '192.0.2.2': good }, make);
  const [outcome] = await world.transmit(direct('two.example'), ['ü@two.example'], { signal: over.signal });
  assert.equal(outcome?.kind, 'deferred');
});

test('SmtpTransmitter: a host that has the whole message when the attempt ends may still answer for a moment', async () => {
  for (const isSilent of [false, true]) {
    const over = new AbortController();
    const rewrite = (text: string): string => {
      if (!text.includes('250 2.2.0 accepted')) return text;
      over.abort(new Error('the queue is stopping'));
      return isSilent ? '' : text;
    };
    await using world = new TransmitWorld({ '192.0.2.1': { rewrite } }, make);
    const sending = world.transmit(direct('[192.0.2.1]'), ['a@[192.0.2.1]'], { signal: over.signal });
    if (isSilent) {
      await new Promise((resolve) => over.signal.addEventListener('abort', resolve));
      await world.clock.advance(3000);
    }
    const [outcome] = await sending;
    const want = isSilent ? 'deferred the queue is stopping at [192.0.2.1]' : 'delivered by [192.0.2.1]';
    assert.equal(outcome && showOutcome(outcome), want);
  }
});
