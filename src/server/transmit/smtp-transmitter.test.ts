import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeliveryOutcome, Route, Transmission } from '#mail/queue';
import type { Channel } from '#ports/channel';
import { DialFailed, type Dialer } from '#ports/dialer';
import { SmtpSession } from '#proto/smtp-server';
import { channelPair, type ChannelPairOptions } from '#testing/channel-pair';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { FakeResolver } from '#testing/fake-resolver';
import { FakeSmtpBackend } from '#testing/fake-smtp-backend';
import { SmtpTransmitter } from './index.ts';

const zone = {
  'two.example': {
    MX: [
      { preference: 20, exchange: 'mx2.example' },
      { preference: 10, exchange: 'mx1.example' },
    ],
  },
  'mx1.example': { A: ['192.0.2.1'] },
  'mx2.example': { A: ['192.0.2.2'] },
  'null.example': { MX: [{ preference: 0, exchange: '' }] },
};

/** How the host behind an address behaves. */
interface Host {
  readonly startTls?: boolean;
  readonly dsn?: boolean;
  readonly pair?: ChannelPairOptions;
  /** Refuses connections at the banner. */
  readonly busy?: boolean;
}

class World implements Dialer {
  readonly dialed: string[] = [];
  readonly backends = new Map<string, FakeSmtpBackend>();
  readonly log = new FakeLog();
  readonly #hosts: Readonly<Record<string, Host>>;

  constructor(hosts: Readonly<Record<string, Host>>) {
    this.#hosts = hosts;
  }

  dial({ address, port }: { readonly address: string; readonly port: number }): Promise<Channel> {
    this.dialed.push(`${address}:${port}`);
    const host = this.#hosts[address];
    if (host === undefined) return Promise.reject(new DialFailed('connection refused'));
    const { client, server } = channelPair(host.pair);
    const backend = this.backends.get(address) ?? new FakeSmtpBackend();
    this.backends.set(address, backend);
    if (host.busy === true) backend.notAdmitted = new Error('busy');
    const session = new SmtpSession({
      channel: server,
      backend,
      options: {
        kind: 'mx',
        hostname: 'mx.example',
        startTls: host.startTls === true,
        authWithoutTls: false,
        mailNeedsTls: false,
        dsn: host.dsn === true,
        futureRelease: false,
        requireTls: true,
        pedantic: false,
      },
      clock: new FakeClock(),
      log: new FakeLog(),
      random: { bytes: (count) => new Uint8Array(count) },
      id: 'cid',
    });
    void session.run();
    return Promise.resolve(client);
  }

  async transmit(
    route: Route,
    recipients: readonly string[],
    more: Partial<Transmission> = {},
    isLocalserve = false,
  ): Promise<DeliveryOutcome[]> {
    const transmitter = new SmtpTransmitter({
      dialer: this,
      resolver: new FakeResolver(zone, { failures: { 'broken.example': 'servfail' } }),
      clock: new FakeClock(),
      random: { bytes: (count) => new Uint8Array(count) },
      log: this.log,
      hostname: 'us.example',
      isLocalserve,
      ownSmtp: { address: '127.0.0.1', port: 1025 },
    });
    const bytes = new TextEncoder().encode('Subject: x\r\n\r\nhello\r\n');
    return await transmitter.transmit({
      route,
      account: null,
      sender: 's@us.example',
      recipients: recipients.map((address, i) => ({ id: i, address, notify: 0, orcpt: null, attempts: 0 })),
      content: {
        sizeBytes: bytes.length,
        bytes: (start, end) => Promise.resolve(bytes.subarray(start, end)),
        async *stream() {
          yield await Promise.resolve(bytes);
        },
      },
      has8bit: false,
      smtputf8: false,
      tls: 'default',
      envid: null,
      ret: null,
      signal: new AbortController().signal,
      ...more,
    });
  }
}

function show(outcome: DeliveryOutcome): string {
  if (outcome.kind === 'delivered') return `delivered by ${outcome.remote.name}${outcome.final ? ' for good' : ''}`;
  return `${outcome.kind} ${outcome.reply?.code ?? outcome.reason} at ${outcome.remote?.name ?? 'nobody'}`;
}

const direct = (domain: string): Route => ({ kind: 'direct', domain });
const local: Route = { kind: 'local' };
const good: Host = {};

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
    'all hosts down',
    {},
    direct('two.example'),
    ['a@two.example'],
    {},
    ['deferred connection refused at mx2.example'],
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
    ['deferred looking up the mail hosts of broken.example: servfail at nobody'],
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
    ['deferred channel is closed at [192.0.2.1]'],
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
  Readonly<Record<string, Host>>,
  Route,
  readonly string[],
  Partial<Transmission>,
  readonly string[],
  readonly string[],
])[]) {
  test(`SmtpTransmitter: ${title}`, async () => {
    const world = new World(hosts);
    assert.deepEqual((await world.transmit(route, to, more)).map(show), want);
    assert.deepEqual(world.dialed, dialed);
    assert.deepEqual(world.log.ofLevel('error'), []);
  });
}

test('SmtpTransmitter: whoever takes the DSN parameters is to tell of success', async () => {
  for (const dsn of [true, false]) {
    const [outcome] = await new World({ '192.0.2.1': { dsn } }).transmit(direct('[192.0.2.1]'), ['a@[192.0.2.1]']);
    assert.equal(outcome?.kind === 'delivered' && outcome.dsnPassedOn, dsn);
  }
});

test('SmtpTransmitter in localserve: addresses that fail in the queue fail alone', async () => {
  const world = new World({ '127.0.0.1': good });
  const to = ['queue550@x.example', 'a@x.example', 'queuetimeout@x.example', 'queue451@x.example'];
  assert.deepEqual((await world.transmit(local, to, {}, true)).map(show), [
    'refused 550 at localhost',
    'delivered by us.example for good',
    'deferred timeout asked for by the address at localhost',
    'deferred 451 at localhost',
  ]);
  assert.deepEqual(
    world.backends.get('127.0.0.1')?.messages.map((message) => message.to),
    [['a@x.example']],
  );
});
