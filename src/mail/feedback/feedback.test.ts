import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOf } from '#testing/address';
import { localBus } from '#host/bus-local';
import type { ParsedDsn, ParsedDsnRecipient } from '#lib/dsn';
import { accountId } from '#lib/ids';
import { EmailSubmissions } from '#mail/email-submissions';
import { Queue, type OutgoingPolicy } from '#mail/queue';
import { Suppressions } from '#mail/suppressions';
import { WebhookOutbox } from '#mail/webhook-outbox';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { planOf } from '#testing/query-plans';
import { serverDatabase } from '#testing/store-databases';
import { seededRandom } from '#testing/seeded-random';
import { isRefusedForGood } from './refused-for-good.ts';
import { Feedback, isFromId, newFromId } from './index.ts';
import type { Notice } from './feedback.ts';

const ann = accountId(1);
const eve = accountId(2);
const fromId = 'abcdefgh234567xy';
const theirs = '2001:db8::25';
const day = 24 * 60 * 60_000;

/** Ann sent one message with a From-ID to two, one to two without, and one that was never tried. */
class World implements AsyncDisposable {
  readonly db = serverDatabase();
  readonly clock = new FakeClock();
  readonly suppressions = new Suppressions(this);
  readonly #log = new FakeLog();
  policy: OutgoingPolicy = { suppressesRefused: true, tellsWebhooks: false };
  readonly feedback = new Feedback({
    db: this.db,
    clock: this.clock,
    log: this.#log,
    perAccount: {
      suppressions: this.suppressions,
      policies: { of: () => this.policy, refresh: () => Promise.resolve() },
      outbox: new WebhookOutbox(),
      follower: new EmailSubmissions({ db: this.db, clock: this.clock, bus: localBus({ log: this.#log }) }),
    },
  });

  async fill(): Promise<void> {
    const queue = new Queue({
      db: this.db,
      clock: this.clock,
      bus: localBus({ log: this.#log }),
      settings: { keepFinishedMs: 0 },
    });
    const send = (messageId: string, addresses: readonly string[], more: object = {}): Promise<number> =>
      queue.enqueue({
        account: ann,
        sender: addressOf('ann@us.example'),
        recipients: addresses.map((address) => ({ address: addressOf(address) })),
        prefix: new Uint8Array(0),
        body: { kind: 'inline', bytes: new Uint8Array(0) },
        has8bit: false,
        smtputf8: false,
        messageId,
        ...more,
      });
    await send('<1@us.example>', ['bob@far.example', 'cyd@far.example'], { fromId });
    await send('<2@us.example>', ['bob@far.example', 'Dan@far.example'], { envid: 'e+2B2 = x' });
    await send('<3@us.example>', ['fay@far.example'], { fromId: 'one1'.repeat(4) });
    await send('<4@us.example>', ['gus@far.example'], {
      recipients: [{ address: addressOf('gus@far.example'), orcpt: 'rfc822;g+2Bus@old.example' }],
    });
    await this.db.exec("UPDATE queue_recipient SET state = 'delivered', attempts = 1");
    await this.db.exec(`INSERT INTO queue_attempt (recipient, start_ms, duration_ms, host, ip, outcome, reply)
      SELECT id, 0, 1, 'mx.far.example', '${theirs}', 'delivered', '250 ok' FROM queue_recipient`);
    await send('<5@us.example>', ['hal@far.example']);
  }

  /** Formats what a notice recorded and suppressed: `message/recipient trust action`, and the addresses. */
  async after(notice: Partial<Notice>): Promise<string> {
    await this.feedback.take({ accounts: [ann], fromIds: [], remoteIp: theirs, dsn: null, messageId: null, ...notice });
    const events = (await this.db.rows('SELECT message, recipient, kind, detail FROM queue_event ORDER BY id')).map(
      ({ message, recipient, kind, detail }) => {
        const { trust, action, suppresses } = JSON.parse(String(detail)) as Record<string, unknown>;
        assert.equal(kind, 'notice');
        return [
          `${String(message)}/${String(recipient)}`,
          trust,
          action,
          ...(suppresses === true ? ['suppressed'] : []),
        ].join(' ');
      },
    );
    const { items } = await this.suppressions.list();
    return [...events, ...items.map(({ address }) => address)].join(', ');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.db[Symbol.asyncDispose]();
  }
}

const failed: ParsedDsnRecipient = {
  finalRecipient: 'bob@far.example',
  originalRecipient: null,
  action: 'failed',
  status: '5.1.1',
  remoteMta: 'mx.far.example',
  diagnostic: '550 5.1.1 unknown',
  smtpCode: 550,
  smtpStatus: '5.1.1',
};
const about = (...recipients: readonly Partial<ParsedDsnRecipient>[]): ParsedDsn => ({
  reportingMta: 'mx.far.example',
  envelopeId: null,
  originalMessageId: null,
  recipients: recipients.map((one) => ({ ...failed, ...one })),
});
const naming = (originalMessageId: string, ...recipients: readonly Partial<ParsedDsnRecipient>[]): ParsedDsn => ({
  ...about(...recipients),
  originalMessageId,
});
const delayed = { action: 'delayed', status: '4.4.1', smtpStatus: null, smtpCode: null } as const;
const cyd = { finalRecipient: 'CYD@far.example' };

const rows: readonly (readonly [string, Partial<Notice>, string])[] = [
  ['nothing', {}, ''],
  [
    'a From-ID, about one of two',
    { fromIds: [fromId], dsn: about({}) },
    '1/1 fromId failed suppressed, bob@far.example',
  ],
  [
    'a From-ID in capitals, about both',
    { fromIds: [fromId.toUpperCase()], dsn: about({ action: 'delivered' }, cyd) },
    '1/1 fromId delivered, 1/2 fromId failed suppressed, cyd@far.example',
  ],
  [
    'a From-ID wins over the Message-ID',
    { fromIds: [fromId], dsn: naming('<2@us.example>', delayed) },
    '1/1 fromId delayed',
  ],
  [
    'a From-ID, about a stranger',
    { fromIds: [fromId], dsn: about({ finalRecipient: 'x@y.example' }) },
    '1/null fromId failed',
  ],
  [
    'a From-ID of a message to one, about where it was forwarded',
    { fromIds: ['one1'.repeat(4)], dsn: about({ finalRecipient: 'x@y.example' }) },
    '3/5 fromId failed suppressed, fay@far.example',
  ],
  ['a From-ID, no report', { fromIds: [fromId] }, '1/null fromId unrecognized'],
  ['a From-ID of another account', { fromIds: [fromId], dsn: about({}), accounts: [eve] }, ''],
  ['a From-ID that nobody has', { fromIds: ['a'.repeat(16)], dsn: about({}) }, ''],
  [
    'a Message-ID and a recipient of it',
    { dsn: naming('<2@us.example>', { finalRecipient: 'dan@FAR.example' }) },
    '2/4 messageId failed suppressed, dan@far.example',
  ],
  [
    'a Message-ID and a recipient of it, from elsewhere',
    { dsn: naming('<2@us.example>', { finalRecipient: 'dan@far.example' }), remoteIp: '192.0.2.66' },
    '2/4 messageId failed',
  ],
  [
    'a From-ID, from elsewhere',
    { fromIds: [fromId], dsn: about({}), remoteIp: '192.0.2.66' },
    '1/1 fromId failed suppressed, bob@far.example',
  ],
  ['a Message-ID, about a stranger', { dsn: naming('<2@us.example>', cyd) }, ''],
  ['a Message-ID of another account', { dsn: naming('<2@us.example>'), accounts: [eve] }, ''],
  ['a Message-ID that we never had', { dsn: naming('<x@us.example>', {}) }, ''],
  ['a Message-ID, before any attempt', { dsn: naming('<5@us.example>', { finalRecipient: 'hal@far.example' }) }, ''],
  ['no clue but the recipient', { dsn: about({}) }, ''],
  ['an ENVID', { dsn: { ...about({}), envelopeId: 'e+2B2 = x' } }, '2/3 envelopeId failed suppressed, bob@far.example'],
  [
    'an ORCPT that we gave',
    { dsn: naming('<4@us.example>', { originalRecipient: 'g+us@old.example', finalRecipient: 'z@z.example' }) },
    '4/6 messageId failed suppressed, gus@far.example',
  ],
];

for (const [name, notice, want] of rows) {
  test(`Feedback.take: ${name}`, async () => {
    await using world = new World();
    await world.fill();
    assert.equal(await world.after(notice), want);
  });
}

test('Feedback.take: a Message-ID of long ago tells nothing any more, a From-ID does', async () => {
  await using world = new World();
  await world.fill();
  await world.clock.advance(15 * day);
  assert.equal(await world.after({ dsn: naming('<2@us.example>', {}) }), '');
  assert.equal(await world.after({ fromIds: [fromId], dsn: about(delayed) }), '1/1 fromId delayed');
});

test('Feedback.take: a message has a bounded number of events', async () => {
  await using world = new World();
  await world.fill();
  const many = about(...Array.from({ length: 150 }, () => delayed));
  for (let i = 0; i < 3; i += 1) await world.after({ fromIds: [fromId], dsn: many });
  assert.equal((await world.db.rows('SELECT count(*) AS n FROM queue_event'))[0]?.['n'], 200);
});

test('Feedback.take: a notice that came to more accounts and addresses than anybody asks for is looked at all the same', async () => {
  await using world = new World();
  await world.fill();
  const accounts = Array.from({ length: 1000 }, (_, i) => accountId(i + 1));
  const fromIds = [fromId, ...Array.from({ length: 999 }, (_, i) => `x${i}`)];
  assert.match(await world.after({ accounts, fromIds, dsn: about({}) }), /^1\/1 fromId failed suppressed/);
});

test('Feedback.take: an account that keeps its list by hand and wants to be told of all', async () => {
  await using world = new World();
  await world.fill();
  world.policy = { suppressesRefused: false, tellsWebhooks: true };
  assert.equal(
    await world.after({ fromIds: [fromId], dsn: about({}, { finalRecipient: 'x@y.example' }) }),
    '1/1 fromId failed, 1/null fromId failed',
  );
  const rows = await world.db.rows('SELECT account, event, body FROM webhook_outbox');
  assert.equal(rows.length, 1);
  assert.deepEqual([rows[0]?.['account'], rows[0]?.['event']], [ann, 'notice']);
  const { time: _time, ...told } = JSON.parse(String(rows[0]?.['body'])) as Record<string, unknown>;
  assert.deepEqual(told, {
    version: 1,
    event: 'notice',
    message: 1,
    recipient: 1,
    messageId: '<1@us.example>',
    fromId,
    envelopeId: null,
    from: 'ann@us.example',
    to: 'bob@far.example',
    attempts: 1,
    status: '5.1.1',
    reply: '550 5.1.1 unknown',
    host: 'mx.far.example',
    nextTry: null,
    suppresses: false,
    notice: { action: 'failed', trust: 'fromId' },
  });
});

test('Feedback.take reads no whole table', async () => {
  await using world = new World();
  await world.fill();
  world.db.texts.clear();
  await world.after({ fromIds: [fromId], dsn: { ...naming('<2@us.example>', {}), envelopeId: 'e' } });
  await world.after({ dsn: { ...naming('<2@us.example>', {}), envelopeId: 'none' } });
  const own = [...world.db.texts].filter((text) => !text.includes('FROM suppression'));
  assert.ok(own.length >= 6);
  for (const text of own) {
    const scans = (await planOf(world.db, { text, values: [] })).filter((detail) => /^SCAN (?!CONSTANT)/.test(detail));
    assert.deepEqual(scans, [], text);
  }
});

for (const [action, status, diagnostic, want] of [
  ['failed', '5.1.1', null, true],
  ['failed', '5.0.0', '550 5.1.10 it takes no mail', true],
  ['failed', '5.0.0', '550 no such user', true],
  ['failed', null, '550 mailbox unavailable', true],
  ['failed', null, '550 no', false],
  ['failed', '5.0.0', null, false],
  ['failed', '5.1.1', '550 5.7.1 you are listed', false],
  ['failed', '5.2.2', '552 mailbox full', false],
  ['failed', '4.4.7', '550 no such user', false],
  ['failed', '5.0.0', '554 no such user', false],
  ['delayed', '5.1.1', '550 no such user', false],
  [null, '5.1.1', '550 no such user', false],
] as const) {
  test(`isRefusedForGood: ${action} ${status} ${diagnostic}`, () => {
    const [, code, smtpStatus = null] = /^(\d+)(?: ([\d.]+))?/.exec(diagnostic ?? '') ?? [];
    const smtpCode = code === undefined ? null : Number(code);
    assert.equal(isRefusedForGood({ action, status, smtpCode, smtpStatus, diagnostic, remoteMta: null }), want);
  });
}

test('newFromId is what isFromId knows, and never the same', () => {
  const random = seededRandom(1);
  const ids = Array.from({ length: 100 }, () => newFromId(random));
  assert.equal(new Set(ids).size, 100);
  for (const id of ids) assert.ok(isFromId(id), id);
  for (const other of ['', 'news', `${ids[0]}x`, 'abcdefgh01234567']) assert.equal(isFromId(other), false, other);
});
