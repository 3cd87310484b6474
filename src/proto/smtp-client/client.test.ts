import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress, type Address } from '#lib/address';
import type { MechanismName } from '#lib/sasl';
import { Secret } from '#lib/secret';
import { showReply } from '#lib/smtp';
import { type SessionOptions, SmtpSession } from '#proto/smtp-server';
import { channelPair, type ChannelPairOptions, type FakeChannel } from '#testing/channel-pair';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { FakeSmtpBackend, fakeUser } from '#testing/fake-smtp-backend';
import { type ClientTlsMode, type OutgoingMail, type RecipientOutcome, SmtpClient } from './index.ts';
import type { SmtpClientDeps } from './client.ts';
import { FakeLoop } from '#testing/fake-loop';

const random = { bytes: (count: number) => new Uint8Array(count).fill(5) };
const noTls: ClientTlsMode = { mode: 'none' };
const startTls: ClientTlsMode = { mode: 'required', tls: { serverName: 'mx.example.org', verify: 'report' } };
const opportunistic: ClientTlsMode = { ...startTls, mode: 'opportunistic' };

function address(text: string): Address {
  const parsed = parseAddress(text);
  assert.ok(parsed.ok, text);
  return parsed.value;
}

function mail(to: readonly string[], content: string | Uint8Array, more: Partial<OutgoingMail> = {}): OutgoingMail {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return {
    from: address('sender@example.net'),
    recipients: to.map((text) => ({ address: address(text) })),
    sizeBytes: bytes.length,
    eightBit: false,
    smtputf8: false,
    requireTls: false,
    // oxlint-disable-next-line require-yield -- empty content yields nothing
    async *content() {
      await Promise.resolve();
      for (let i = 0; i < bytes.length; i += 1000) yield bytes.subarray(i, i + 1000);
    },
    ...more,
  };
}

function show(outcome: RecipientOutcome): string {
  if (outcome.kind === 'failed') return `failed ${outcome.stage} ${outcome.failure}`;
  if (outcome.kind === 'accepted') return `accepted ${outcome.reply.code}`;
  return `refused ${outcome.stage} ${outcome.reply.code} ${outcome.reply.enhanced}`;
}

interface Server {
  readonly client: SmtpClient;
  readonly backend: FakeSmtpBackend;
  readonly ended: Promise<void>;
}

/** Our client against our server. */
function connect(
  client: Partial<SmtpClientDeps>,
  options: Partial<SessionOptions> = {},
  mechanisms?: readonly MechanismName[],
  pair: ChannelPairOptions = {},
  onTheWay: (fromServer: string) => string = (text) => text,
): Server {
  const ends = channelPair(pair);
  const write = ends.server.write.bind(ends.server);
  ends.server.write = (bytes, ...more) => {
    const text = new TextDecoder().decode(bytes);
    const changed = onTheWay(text);
    return write(changed === text ? bytes : new TextEncoder().encode(changed), ...more);
  };
  const backend = new FakeSmtpBackend(mechanisms === undefined ? {} : { mechanisms });
  const session = new SmtpSession({
    loop: new FakeLoop(),
    channel: ends.server,
    backend,
    options: {
      kind: 'mx',
      hostname: 'mx.example.org',
      startTls: true,
      authWithoutTls: false,
      mailNeedsTls: false,
      dsn: true,
      futureRelease: false,
      requireTls: true,
      pedantic: true,
      ...options,
    },
    clock: new FakeClock(),
    log: new FakeLog(),
    random,
    id: 'test',
  });
  const deps: SmtpClientDeps = { channel: ends.client, hostname: 'client.example', tls: noTls, random, ...client };
  return { client: new SmtpClient(deps), backend, ended: session.run() };
}

for (const byteAtATime of [false, true]) {
  test(`SmtpClient.send delivers to our server${byteAtATime ? ' one byte at a time' : ''}`, async () => {
    const { client, backend, ended } = connect({ tls: startTls }, {}, undefined, { byteAtATime });
    const opened = await client.open();
    assert.equal(opened.kind, 'ready');
    assert.equal(client.extensions.limits.rcptMax, 1000);
    const to = ['a@example.org', 'nobody@example.org', 'later@example.org'];
    const results = await client.send(mail(to, '.dot\r\nno line end'));
    assert.deepEqual(
      results.map((result) => show(result.outcome)),
      ['accepted 250', 'refused rcpt 550 5.1.1', 'refused rcpt 451 4.2.1'],
    );
    const big = `${'..x'.repeat(20)}\r\n`.repeat(2000);
    const more = await client.send(mail(['b@example.org'], big));
    assert.deepEqual(
      more.map((result) => show(result.outcome)),
      ['accepted 250'],
    );
    await client.quit();
    await ended;
    assert.deepEqual(
      backend.messages.map((message) => new TextDecoder().decode(message.content)),
      ['.dot\r\nno line end\r\n', big],
    );
  });
}

for (const [what, request, want] of [
  ['all recipients refused', mail(['nobody@example.org', 'nobody@example.org'], 'x\r\n'), 'refused rcpt 550 5.1.1'],
  ['all recipients refused, long', mail(['nobody@example.org'], 'x\r\n'.repeat(30_000)), 'refused rcpt 550 5.1.1'],
  ['MAIL refused', mail(['a@example.org'], 'x\r\n', { from: address('nobody@example.net') }), 'refused mail 550 5.1.1'],
  [
    'MAIL refused, long',
    mail(['a@example.org'], 'x\r\n'.repeat(30_000), { from: address('later@a.example') }),
    'refused mail 451 4.2.1',
  ],
  ['DATA refused', mail(['nodata@example.org'], 'x\r\n'.repeat(30_000)), 'refused data 554 5.3.0'],
  ['content refused', mail(['badfinish@example.org'], 'x\r\n'), 'refused content 451 4.3.1'],
  ['content refused, long', mail(['badwrite@example.org'], 'x\r\n'.repeat(30_000)), 'refused content 554 5.6.0'],
  ['too large', mail(['a@example.org'], 'x', { sizeBytes: 2 ** 40 }), 'failed mail size'],
  ['REQUIRETLS without TLS', mail(['a@example.org'], 'x', { requireTls: true }), 'failed mail requiretls'],
  ['bare LF', mail(['a@example.org'], 'x\ny\r\n'), 'failed content content'],
] as const) {
  test(`SmtpClient.send: ${what}, and the next message goes through`, async () => {
    const { client, backend, ended } = connect({});
    assert.equal((await client.open()).kind, 'ready');
    for (const { outcome } of await client.send(request)) assert.equal(show(outcome), want);
    const next = await client.send(mail(['a@example.org'], 'next\r\n'));
    assert.deepEqual(
      next.map(({ outcome }) => show(outcome)),
      ['accepted 250'],
    );
    await client.quit();
    await ended;
    assert.equal(backend.messages.length, 1);
    assert.equal(backend.openHandlers, 0);
  });
}

test('SmtpClient.send never ends content with a bare CR: it hangs up', async () => {
  const { client, backend, ended } = connect({});
  await client.open();
  const [result] = await client.send(mail(['a@example.org'], `${'x\r\n'.repeat(30_000)}a\rb\r\n`));
  assert.equal(result && show(result.outcome), 'failed content content');
  assert.equal(client.isUsable, false);
  const [again] = await client.send(mail(['a@example.org'], 'x\r\n'));
  assert.equal(again && show(again.outcome), 'failed mail closed');
  await ended;
  assert.equal(backend.messages.length, 0);
  assert.equal(backend.aborted, 1);
});

test('SmtpClient.send writes SMTPUTF8, 8BITMIME and DSN parameters that the server understands', async () => {
  const { client, backend, ended } = connect({});
  await client.open();
  const recipient = {
    address: address('é@example.org'),
    notify: { success: false, failure: true, delay: true },
    orcpt: { type: 'rfc822', address: 'a+b@example.org' },
  };
  const options = { recipients: [recipient], eightBit: true, smtputf8: true, ret: 'HDRS', envid: 'a=b' } as const;
  const [result] = await client.send(mail([], 'é\r\n', options));
  assert.equal(result && show(result.outcome), 'accepted 250');
  await client.quit();
  await ended;
  const transaction = backend.messages[0]?.transaction;
  assert.equal(transaction?.parameters.envid, 'a=b');
  assert.equal(transaction?.parameters.body, '8BITMIME');
  assert.deepEqual(transaction?.recipients[0]?.parameters.notify, recipient.notify);
  assert.deepEqual(transaction?.recipients[0]?.parameters.orcpt, recipient.orcpt);
});

test('SmtpClient.send reports what a server says that stops listening within content', async () => {
  const { client, ended } = connect({}, { limits: { maxMessageBytes: 100_000 } });
  await client.open();
  const [result] = await client.send(mail(['a@example.org'], 'x\r\n'.repeat(200_000), { sizeBytes: 70_000 }));
  assert.equal(result && show(result.outcome), 'refused content 552 5.3.4');
  assert.equal(client.isUsable, false);
  await client.quit();
  await ended;
});

const credentials = { login: fakeUser.login, password: new Secret(fakeUser.password) };

for (const mechanism of ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'SCRAM-SHA-1', 'PLAIN', 'LOGIN'] as const) {
  test(`SmtpClient.open logs in with ${mechanism}`, async () => {
    const options = { kind: 'submissions' } as const;
    const { client, ended, backend } = connect({ credentials }, options, [mechanism], { tls: true });
    const opened = await client.open();
    assert.equal(opened.kind, 'ready');
    assert.equal(client.mechanism, mechanism);
    assert.equal(backend.outcomes[0]?.kind, 'success');
    await client.quit();
    await ended;
  });
}

for (const [what, client, options, mechanisms, want] of [
  [
    'wrong password',
    { credentials: { ...credentials, password: new Secret('x') }, tls: startTls },
    {},
    ['PLAIN'],
    'refused auth 535 5.7.8',
  ],
  [
    'wrong password, SCRAM',
    { credentials: { ...credentials, password: new Secret('x') }, tls: startTls },
    {},
    ['SCRAM-SHA-256'],
    'refused auth 535 5.7.8',
  ],
  ['no AUTH offered', { credentials, tls: startTls }, {}, undefined, 'failed auth auth'],
  ['PLAIN in clear', { credentials }, { authWithoutTls: true }, ['PLAIN'], 'failed auth auth'],
  [
    'PLAIN in clear when allowed',
    { credentials: { ...credentials, allowClear: true } },
    { authWithoutTls: true },
    ['PLAIN'],
    'ready',
  ],
  ['STARTTLS required, not offered', { tls: startTls }, { startTls: false }, undefined, 'failed starttls noStartTls'],
  ['STARTTLS opportunistic, not offered', { tls: opportunistic }, { startTls: false }, undefined, 'ready'],
] as const) {
  test(`SmtpClient.open: ${what}`, async () => {
    const kind = mechanisms === undefined ? 'mx' : 'submission';
    const { client: smtp, ended } = connect(client, { kind, ...options }, mechanisms);
    const opened = await smtp.open();
    assert.equal(opened.kind === 'ready' ? 'ready' : show(opened), want);
    await smtp.quit();
    await ended;
  });
}

test('SmtpClient.open: a failed handshake is tls', async () => {
  const { client, ended } = connect({ tls: opportunistic }, {}, undefined, { tlsFails: true });
  const opened = await client.open();
  assert.equal(opened.kind === 'ready' ? '' : show(opened), 'failed starttls tls');
  await ended;
});

/** A server that reads nothing and sends a script: replies in order, one for each write of the client that ends with CRLF. */
async function scripted(server: FakeChannel, replies: readonly string[]): Promise<string[]> {
  const got: string[] = [];
  const encoder = new TextEncoder();
  for (const reply of replies) {
    await server.write(encoder.encode(reply));
    const chunk = await server.read(0).catch(() => null);
    if (chunk === null) break;
    got.push(new TextDecoder().decode(chunk));
  }
  return got;
}

for (const [what, replies, want, sent] of [
  ['refused greeting', ['554 5.3.2 go away\r\n', '221 bye\r\n'], 'refused greeting 554 5.3.2', ['QUIT']],
  ['greeting is not SMTP', ['HTTP/1.1 400 Bad Request\r\n'], 'failed greeting protocol', []],
  ['reply without end', [`220-${'x'.repeat(3000)}`], 'failed greeting protocol', []],
  ['endless lines', ['220-x\r\n'.repeat(200)], 'failed greeting protocol', []],
  ['codes differ', ['220-x\r\n221 y\r\n'], 'failed greeting protocol', []],
  ['421', ['220 x\r\n', '421 4.3.2 no\r\n'], 'refused hello 421 4.3.2', ['EHLO']],
  [
    'EHLO and HELO refused',
    ['220 x\r\n', '502 x\r\n', '550 x\r\n', '221\r\n'],
    'refused hello 550 null',
    ['EHLO', 'HELO', 'QUIT'],
  ],
  [
    'HELO only, one by one, too many recipients',
    [
      '220 x\r\n',
      '500 what?\r\n',
      '250 x\r\n',
      '250 ok\r\n',
      '250 ok\r\n',
      '452 4.5.3 many\r\n',
      '354 go\r\n',
      '',
      '250 ok\r\n',
      '250 ok\r\n',
      '250 ok\r\n',
      '552 full\r\n',
      '354 go\r\n',
      '',
      '250 ok\r\n',
      '250 ok\r\n',
      '452 4.2.2 full\r\n',
      '221\r\n',
    ],
    'accepted 250, accepted 250, refused rcpt 452 4.2.2',
    'EHLO HELO MAIL RCPT RCPT DATA text . MAIL RCPT RCPT DATA text . MAIL RCPT QUIT'.split(' '),
  ],
  [
    '354 although nobody is accepted',
    [
      '220 x\r\n',
      '250-x\r\n250 PIPELINING\r\n',
      '250 ok\r\n550 1\r\n550 2\r\n550 3\r\n354 go\r\n',
      '554 no\r\n',
      '221\r\n',
    ],
    'refused rcpt 550 null, refused rcpt 550 null, refused rcpt 550 null',
    ['EHLO', 'MAIL', '.', 'QUIT'],
  ],
] as const) {
  test(`SmtpClient: ${what}`, async () => {
    const { client: end, server } = channelPair();
    const client = new SmtpClient({ channel: end, hostname: 'client.example', tls: noTls, random });
    const running = scripted(server, replies);
    const opened = await client.open();
    let shown = opened.kind === 'ready' ? '' : show(opened);
    if (opened.kind === 'ready') {
      const results = await client.send(mail(['a@example.org', 'b@example.org', 'c@example.org'], 'text\r\n'));
      shown = results.map(({ outcome }) => show(outcome)).join(', ');
      await client.quit();
    }
    assert.equal(shown, want);
    const got = (await running).map((text) => /^[^\s]*/.exec(text)?.[0]);
    assert.deepEqual(got, sent);
  });
}

for (const [limits, want] of [
  ['RCPTMAX=2', ['1@a.example 2@a.example', '3@b.example 4@c.example', '5@c.example']],
  ['RCPTDOMAINMAX=1', ['1@a.example 2@a.example', '3@b.example', '4@c.example 5@c.example']],
  ['RCPTMAX=3 RCPTDOMAINMAX=2', ['1@a.example 2@a.example 3@b.example', '4@c.example 5@c.example']],
] as const) {
  test(`SmtpClient.send keeps ${limits} (RFC 9422)`, async () => {
    const { client: end, server } = channelPair();
    const client = new SmtpClient({ channel: end, hostname: 'client.example', tls: noTls, random });
    const perPart = want.map((part) => part.split(' ').length);
    const envelopes = perPart.map((count) => '250 ok\r\n'.repeat(count + 2));
    const running = scripted(server, [
      '220 x\r\n',
      `250-x\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 LIMITS ${limits}\r\n`,
      ...envelopes,
      '221\r\n',
    ]);
    await client.open();
    const to = ['1@a.example', '2@a.example', '3@b.example', '4@c.example', '5@c.example'];
    const results = await client.send(mail(to, 'text\r\n'));
    assert.deepEqual(
      results.map(({ outcome }) => show(outcome)),
      to.map(() => 'accepted 250'),
    );
    assert.equal(client.transactions, want.length);
    await client.quit();
    const sent = (await running).map((text) => [...text.matchAll(/^RCPT TO:<(.*?)>/gm)].map(([, to]) => to).join(' '));
    assert.deepEqual(
      sent.filter((text) => text !== ''),
      want,
    );
  });
}

/** Replies to give, the stage that is silent then, and its time in RFC 5321 §4.5.3.2. */
for (const [replies, want, ms] of [
  [[], 'greeting', 300_000],
  [['220 x'], 'hello', 300_000],
  [['220 x', '250 x'], 'mail', 300_000],
  [['220 x', '250 x', '250 ok'], 'rcpt', 300_000],
  [['220 x', '250 x', '250 ok', '250 ok'], 'data', 120_000],
  [['220 x', '250 x', '250 ok', '250 ok', '354 go'], 'content', 600_000],
  [['220 x', '250-x\r\n250 PIPELINING'], 'mail', 300_000],
  [['220 x', '250-x\r\n250 PIPELINING', '250 ok'], 'rcpt', 300_000],
  [['220 x', '250-x\r\n250 PIPELINING', '250 ok\r\n250 ok'], 'data', 120_000],
  [['220 x', '250-x\r\n250-CHUNKING\r\n250 PIPELINING', '250 ok\r\n250 ok'], 'content', 600_000],
] as const) {
  test(`SmtpClient: silence after ${JSON.stringify(replies.at(-1) ?? 'connecting')} is a timeout of ${ms} ms at ${want}`, async () => {
    const { client: end, server } = channelPair();
    const client = new SmtpClient({ channel: end, hostname: 'client.example', tls: noTls, random });
    const running = (async () => {
      const opened = await client.open();
      if (opened.kind !== 'ready') return show(opened);
      const [result] = await client.send(mail(['a@example.org'], 'text\r\n'));
      return result === undefined ? '' : show(result.outcome);
    })();
    for (const reply of replies) {
      await turn();
      await server.write(new TextEncoder().encode(`${reply}\r\n`));
    }
    await turn();
    assert.equal(end.pendingReadMs, ms);
    end.timeout();
    assert.equal(await running, `failed ${want} timeout`);
  });
}

async function turn(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}

test('SmtpClient.takeDialogue: commands and replies in short, bounded, without secrets and content', async () => {
  const options = { kind: 'submissions' } as const;
  const { client, ended } = connect({ credentials }, options, ['PLAIN'], { tls: true });
  await client.open();
  assert.deepEqual(
    client.takeDialogue().filter((line) => !/^< 2[25]0/.test(line)),
    ['> EHLO client.example', '> AUTH PLAIN …', '< 235 2.7.0 welcome'],
  );
  await client.send(mail(['user@example.org'], 'text\r\n', { from: address('user@example.org') }));
  const said = client.takeDialogue();
  assert.deepEqual(said.slice(0, 3), [
    '> MAIL FROM:<user@example.org> SIZE=6',
    '> RCPT TO:<user@example.org>',
    '> BDAT 6 LAST',
  ]);
  assert.deepEqual(
    said.slice(3).map((line) => line.slice(0, 5)),
    ['< 250', '< 250', '< 250'],
  );
  assert.deepEqual(client.takeDialogue(), []);
  await client.send(
    mail(
      Array.from({ length: 100 }, (_, i) => `u${i}@example.org`),
      'x\r\n',
    ),
  );
  const long = client.takeDialogue();
  assert.equal(long.length, 41);
  assert.equal(long[32], '(164 more)');
  await client.quit();
  await ended;
});

test('SmtpClient.open: an offer of SCRAM-SHA-256-PLUS that was removed on the way is noticed (RFC 5802 §6)', async () => {
  const pair = { tls: true } as const;
  const options = { kind: 'submissions' } as const;
  const both = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'] as const;
  const { client, ended } = connect({ credentials }, options, both, pair, (text) =>
    text.replace('SCRAM-SHA-256-PLUS ', ''),
  );
  const opened = await client.open();
  assert.equal(opened.kind === 'ready' ? 'ready' : show(opened), 'refused auth 535 5.7.7');
  await client.quit();
  await ended;
});

test('SmtpClient: silence is a timeout with the time of RFC 5321 §4.5.3.2', async () => {
  const { client: end } = channelPair();
  const client = new SmtpClient({ channel: end, hostname: 'client.example', tls: noTls, random });
  const opening = client.open();
  await Promise.resolve();
  assert.equal(end.pendingReadMs, 300_000);
  end.timeout();
  const opened = await opening;
  assert.equal(opened.kind === 'ready' ? '' : show(opened), 'failed greeting timeout');
});

test('showReply shows what the server said', () => {
  assert.equal(showReply({ code: 550, enhanced: '5.1.1', lines: ['no', 'such user'] }), '550 5.1.1 no such user');
});

for (const [what, token, mechanism, want] of [
  ['a token', 'good', 'OAUTHBEARER', 'ready'],
  ['a token in the older form', 'good', 'XOAUTH2', 'ready'],
  [
    'a token that is refused: what was wrong is told before the code',
    'bad',
    'OAUTHBEARER',
    /^server refuses the token \(invalid_token\).* \(535 5\.7\.8 /,
  ],
  ['a token with a line break', 'go\nod', 'OAUTHBEARER', /^OAUTHBEARER: a character that no access token has$/],
] as const) {
  test(`SmtpClient.open logs in with ${what}`, async () => {
    const secret = { login: fakeUser.login, password: null, token: new Secret(token) };
    const server = { host: 'mx.example.org', port: 465 };
    const options = { kind: 'submissions' } as const;
    const { client, ended } = connect({ credentials: { ...secret, server } }, options, [mechanism], { tls: true });
    const opened = await client.open();
    if (want === 'ready') assert.equal(opened.kind, 'ready');
    else assert.match(opened.kind === 'failed' ? opened.reason : opened.kind, want);
    await client.quit();
    await ended;
  });
}
