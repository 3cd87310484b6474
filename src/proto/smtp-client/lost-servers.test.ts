import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '#lib/address';
import { channelPair } from '#testing/channel-pair';
import { FakeClock } from '#testing/fake-clock';
import { type OutgoingMail, type RecipientOutcome, SmtpClient } from './index.ts';

/** A message to one recipient. */
function mail(content: string): OutgoingMail {
  const to = parseAddress('a@example.org');
  assert.ok(to.ok);
  const bytes = new TextEncoder().encode(content);
  return {
    from: null,
    recipients: [{ address: to.value }],
    sizeBytes: bytes.length,
    eightBit: false,
    smtputf8: false,
    requireTls: false,
    async *content() {
      yield await Promise.resolve(bytes);
    },
  };
}

function show(outcome: RecipientOutcome): string {
  if (outcome.kind === 'failed') return `failed ${outcome.stage} ${outcome.failure}`;
  return outcome.kind === 'accepted' ? 'accepted' : `refused ${outcome.stage} ${outcome.reply.code}`;
}

async function turn(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}

/** A client whose server says what a test tells it to, by a clock that stands still. */
function told(offers: string) {
  const { client: end, server } = channelPair();
  const clock = new FakeClock();
  const random = { bytes: (count: number) => new Uint8Array(count) };
  const client = new SmtpClient({ channel: end, hostname: 'client.example', tls: { mode: 'none' }, random, clock });
  const say = async (text: string): Promise<void> => {
    await turn();
    await server.write(new TextEncoder().encode(text));
    await turn();
  };
  const ready = async (): Promise<void> => {
    const opening = client.open();
    await say('220 x\r\n');
    await say(offers);
    assert.equal((await opening).kind, 'ready');
  };
  return { client, clock, end, server, say, ready };
}

test('SmtpClient: a reply has its time as a whole, however often a byte of it comes', async () => {
  const { client, clock, end, say } = told('');
  const opening = client.open();
  for (const byte of '220-') {
    await say(byte);
    await clock.advance(60_000);
  }
  await say('x');
  assert.equal(end.pendingReadMs, 60_000);
  await clock.advance(60_000);
  await say('x');
  assert.deepEqual(await opening, {
    kind: 'failed',
    stage: 'greeting',
    failure: 'timeout',
    reason: 'no complete answer within 5 minutes',
  });
});

test('SmtpClient: whoever waits for a host bounds it until content is sent', async () => {
  const { client, clock, end, say, ready } = told('250-x\r\n250 PIPELINING\r\n');
  await ready();
  const sending = client.send(mail('text\r\n'), 360_000);
  await turn();
  assert.equal(end.pendingReadMs, 300_000);
  await clock.advance(240_000);
  await say('250 ok\r\n');
  assert.equal(end.pendingReadMs, 120_000);
  await say('250 ok\r\n354 go\r\n');
  assert.equal(end.pendingReadMs, 600_000);
  await say('250 ok\r\n');
  assert.equal((await sending)[0]?.outcome.kind, 'accepted');
  const again = client.send(mail('text\r\n'), 360_000);
  await turn();
  end.timeout();
  const [result] = await again;
  assert.deepEqual(result?.outcome, {
    kind: 'failed',
    stage: 'mail',
    failure: 'timeout',
    reason: 'no answer in the time of one host among several',
  });
});

/** Replies of a server before it disappears, and whether it may have accepted the message. */
for (const [offers, replies, want, mayBeTaken] of [
  ['250 x', [], 'failed mail closed', false],
  ['250 x', ['250 ok', '250 ok'], 'failed data closed', false],
  ['250 x', ['250 ok', '250 ok', '354 go'], 'failed content closed', true],
  ['250 x', ['250 ok', '250 ok', '354 go', '354 go'], 'failed content protocol', true],
  ['250 PIPELINING', ['250 ok', '250 ok'], 'failed data closed', false],
  ['250 PIPELINING', ['250 ok', '250 ok', '354 go'], 'failed content closed', true],
  ['250-CHUNKING\r\n250 PIPELINING', [], 'failed mail closed', true],
  ['250-CHUNKING\r\n250 PIPELINING', ['250 ok', '250 ok'], 'failed content closed', true],
  ['250-CHUNKING\r\n250 PIPELINING', ['450 no'], 'refused mail 450', false],
  ['250-CHUNKING\r\n250 PIPELINING', ['450 no', '503 no'], 'refused mail 450', false],
] as const) {
  test(`SmtpClient.send: gone after ${offers.length} ${JSON.stringify(replies)}: the message ${mayBeTaken ? 'may be' : 'is not'} taken`, async () => {
    const { client, server, say, ready } = told(`250-x\r\n${offers}\r\n`);
    await ready();
    const sending = client.send(mail('text\r\n'));
    for (const reply of replies) await say(`${reply}\r\n`);
    await turn();
    server.endWriting();
    const [result] = await sending;
    assert.equal(result && show(result.outcome), want);
    assert.equal(result?.outcome.kind === 'failed' && result.outcome.mayBeTaken === true, mayBeTaken);
  });
}

/** Outcome of a second message after one that left a transaction open, and whose RSET is refused. */
for (const [replies, want] of [
  [['502 no', '250 ok', '250 ok', '354 go', '250 ok'], 'accepted'],
  [['502 no', '503 no', '503 no', '503 no'], 'refused reset 502'],
  [['250 ok', '503 no', '503 no', '503 no'], 'refused mail 503'],
  [['421 bye'], 'refused reset 421'],
] as const) {
  test(`SmtpClient.send: RSET, MAIL and so on answered ${JSON.stringify(replies)}: ${want}`, async () => {
    const { client, say, ready } = told('250-x\r\n250 PIPELINING\r\n');
    await ready();
    const first = client.send(mail('text\r\n'));
    for (const reply of ['250 ok', '550 no', '503 no']) await say(`${reply}\r\n`);
    await first;
    const second = client.send(mail('text\r\n'));
    for (const reply of replies) await say(`${reply}\r\n`);
    const [result] = await second;
    assert.equal(result && show(result.outcome), want);
  });
}

test('SmtpClient.send: content that the server did not take to its end is not taken', async () => {
  const { client, end, server, say, ready } = told('250 x\r\n');
  await ready();
  const write = end.write.bind(end);
  const sending = client.send(mail('x\r\n'.repeat(1000)));
  await say('250 ok\r\n');
  await say('250 ok\r\n');
  end.write = (bytes, ...more) => {
    server.destroy();
    return write(bytes, ...more);
  };
  await say('354 go\r\n');
  const [result] = await sending;
  assert.deepEqual(result?.outcome, {
    kind: 'failed',
    stage: 'content',
    failure: 'closed',
    reason: 'channel is closed',
  });
});

test('SmtpClient.open does not wait for the goodbye of a server that refuses; quit does', async () => {
  const { client, end, say } = told('');
  const opening = client.open();
  await say('554 5.3.2 go away\r\n');
  const opened = await opening;
  assert.equal(opened.kind === 'ready' ? '' : show(opened), 'refused greeting 554');
  assert.equal(end.pendingReadMs, 5000);
  assert.equal(end.isClosed, false);
  const left = client.quit();
  client.destroy();
  await left;
  assert.equal(end.isClosed, true);
});
