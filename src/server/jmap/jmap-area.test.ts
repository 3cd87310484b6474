import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemFlag } from '#lib/flags';
import { jmapLimits, type JsonObject, type JsonValue } from '#lib/jmap';
import type { ContentId } from '#lib/ids';
import type { Mailbox } from '#mail/mailboxes';
import { ContentMemory } from '#mail/content';
import type { Identity } from '#lib/sasl';
import { selectPlaces } from '#mail/messages';
import { readFile, readdir } from 'node:fs/promises';
import { sql } from '#ports/database';
import { newMessage, tempStore, type TempStore } from '#testing/temp-store';
import { jmapArea } from './jmap-area.ts';

type Area = ReturnType<typeof jmapArea>;

/** Members of responses that tests look at. */
interface Answer {
  readonly type: string;
  readonly state: string;
  readonly ids: readonly string[];
  readonly list: readonly Listed[];
  readonly total: number;
  readonly notFound: readonly string[];
  readonly created: readonly string[];
  readonly updated: readonly string[] | JsonObject;
  readonly destroyed: readonly string[];
  readonly hasMoreChanges: boolean;
  readonly notUpdated: Readonly<Record<string, { readonly type: string }>>;
}

interface Listed {
  readonly id: string;
  readonly role: string | null;
  readonly name: string;
  readonly totalEmails: number;
  readonly unreadEmails: number;
  readonly totalThreads: number;
  readonly unreadThreads: number;
  readonly mailboxIds: JsonObject;
  readonly keywords: JsonObject;
  readonly myRights: JsonObject;
  readonly blobId: string;
  readonly size: number;
  readonly attachments: readonly { readonly blobId: string; readonly size: number }[];
}

interface Session {
  readonly apiUrl: string;
  readonly username: string;
  readonly accounts: JsonObject;
  readonly primaryAccounts: JsonObject;
  readonly capabilities: Readonly<Record<string, JsonObject>>;
}

/** A client of one account, whose password was checked before. */
class Client {
  readonly #area: Area;
  readonly #store: TempStore;

  constructor(
    store: TempStore,
    limits = jmapLimits,
    appPassword: Identity['appPassword'] | null = null,
    quotaBytes = 0,
  ) {
    this.#store = store;
    const identity = { account: 'mara', login: 'mara@example.org', ...(appPassword !== null && { appPassword }) };
    const logins = { authenticate: () => Promise.resolve({ kind: 'account', identity } as const) };
    const { accounts, clock } = store;
    const contentMemory = new ContentMemory(1_000_000);
    this.#area = jmapArea({ accounts, clock, contentMemory, logins, quotaBytesOf: () => quotaBytes, limits });
  }

  send(path: string, init: RequestInit = {}): Promise<Response> {
    const facts = { log: this.#store.log, limitBody: () => undefined } as unknown as Parameters<Area['handle']>[1];
    return Promise.resolve(this.#area.handle(new Request(`http://mail.example${path}`, init), facts));
  }

  async post(body: string): Promise<{ readonly status: number; readonly body: JsonObject }> {
    const headers = { 'Content-Type': 'application/json' };
    const response = await this.send('/jmap/api', { method: 'POST', body, headers });
    return { status: response.status, body: (await response.json()) as JsonObject };
  }

  /** Makes one call and returns its response, whatever its name. */
  async call(name: string, args: JsonObject): Promise<Answer> {
    const using = ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail'];
    const account = { accountId: `A${this.#store.account.id}` };
    const { body } = await this.post(JSON.stringify({ using, methodCalls: [[name, { ...account, ...args }, '0']] }));
    const { methodResponses } = body as unknown as { methodResponses: [[string, Answer, string]] };
    return methodResponses[0][1];
  }
}

async function withMail(store: TempStore): Promise<void> {
  const { messages } = store.account;
  await messages.append({ name: 'INBOX' }, [
    newMessage(
      [
        'From: =?utf-8?q?Zo=C3=AB?= <zoe@example.org>',
        'To: Team: a@example.org, b@example.org;',
        'Subject: =?utf-8?q?Caf=C3=A9?=',
        'Message-ID: <1@x>',
        'Date: Thu, 1 Jan 2026 10:00:00 +0200',
      ],
      { receivedMs: Date.UTC(2026, 0, 1) },
    ),
    newMessage(
      ['Subject: Re: =?utf-8?q?Caf=C3=A9?=', 'In-Reply-To: <1@x>', 'Message-ID: <2@x>', 'From: m@example.org'],
      {
        receivedMs: Date.UTC(2026, 0, 2),
        flags: SystemFlag.Seen,
      },
    ),
    newMessage(
      ['Subject: files', 'MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=b'],
      { receivedMs: Date.UTC(2026, 0, 3) },
      '--b\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nna\u00efve\r\ntext\r\n' +
        '--a\r\nContent-Type: text/html\r\n\r\n<p>naive</p>\r\n--a--\r\n--b\r\nContent-Type: application/pdf; name="r.pdf"\r\n' +
        'Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment\r\n\r\nJVBERi0=\r\n--b--\r\n',
    ),
  ]);
}

/** Replaces what the files leave open: `"*"` is any value. */
function assertLike(actual: JsonValue | undefined, expected: JsonValue, path: string): void {
  if (expected === '*') return;
  if (typeof expected !== 'object' || expected === null) assert.deepEqual(actual, expected, path);
  else if (Array.isArray(expected)) {
    assert.ok(Array.isArray(actual) && actual.length === expected.length, `${path}: ${JSON.stringify(actual)}`);
    for (const [i, one] of (expected as JsonValue[]).entries()) assertLike(actual[i], one, `${path}/${i}`);
  } else {
    assert.deepEqual(Object.keys(actual ?? {}).toSorted(), Object.keys(expected).toSorted(), path);
    for (const [name, one] of Object.entries(expected))
      assertLike((actual as JsonObject)[name], one, `${path}/${name}`);
  }
}

const folder = new URL('../../../test/transcripts/jmap/', import.meta.url);
for (const file of (await readdir(folder)).filter((name) => name.endsWith('.request.json')).toSorted()) {
  test(`jmap transcript ${file.replace('.request.json', '')}`, async () => {
    await using store = await tempStore();
    await withMail(store);
    const request = await readFile(new URL(file, folder), 'utf8');
    const expected = await readFile(new URL(file.replace('.request.', '.response.'), folder), 'utf8');
    const { body } = await new Client(store).post(request);
    assertLike(body, JSON.parse(expected) as JsonValue, '');
  });
}

test('jmapArea: the session names its URLs, its capabilities and the only account', async () => {
  await using store = await tempStore();
  const response = await new Client(store).send('/.well-known/jmap');
  const session = (await response.json()) as Session;
  const id = `A${store.account.id}`;
  assert.equal(session.apiUrl, 'http://mail.example/jmap/api');
  assert.equal(session.username, 'mara@example.org');
  assert.deepEqual(Object.keys(session.accounts), [id]);
  assert.equal((session.accounts[id] as JsonObject)['isReadOnly'], false);
  assert.equal(session.primaryAccounts['urn:ietf:params:jmap:mail'], id);
  assert.equal(session.capabilities['urn:ietf:params:jmap:core']?.['maxCallsInRequest'], jmapLimits.maxCallsInRequest);
  assert.match(response.headers.get('Cache-Control') ?? '', /no-store/);
});

test('jmapArea: requests that are no JSON, no request or too much are refused as a whole', async () => {
  await using store = await tempStore();
  const client = new Client(store, { ...jmapLimits, maxCallsInRequest: 2, maxSizeRequest: 2000 });
  const echo = ['Core/echo', {}, 'a'];
  const using = ['urn:ietf:params:jmap:core'];
  for (const [body, type, limit] of [
    ['{', 'notJSON', undefined],
    ['[]', 'notRequest', undefined],
    [JSON.stringify({ using, methodCalls: [['Core/echo', {}]] }), 'notRequest', undefined],
    [JSON.stringify({ using: ['urn:x'], methodCalls: [] }), 'unknownCapability', undefined],
    [JSON.stringify({ using, methodCalls: [echo, echo, echo] }), 'limit', 'maxCallsInRequest'],
    [JSON.stringify({ using, methodCalls: [['Core/echo', { x: 'x'.repeat(2000) }, 'a']] }), 'limit', 'maxSizeRequest'],
    ['['.repeat(100), 'limit', 'maxDepth'],
  ] as const) {
    const answer = await client.post(body);
    assert.equal(answer.status, 400, body.slice(0, 40));
    assert.equal(answer.body['type'], `urn:ietf:params:jmap:error:${type}`);
    assert.equal(answer.body['limit'], limit);
  }
});

test('jmapArea: an account has only so many requests at a time', async () => {
  await using store = await tempStore();
  const client = new Client(store, { ...jmapLimits, maxConcurrentRequests: 1 });
  const body = JSON.stringify({ using: [], methodCalls: [] });
  const [first, second] = await Promise.all([client.post(body), client.post(body)]);
  assert.deepEqual([first.status, second.status], [200, 400]);
  assert.equal(second.body['limit'], 'maxConcurrentRequests');
  assert.equal((await client.post(body)).status, 200);
});

test('Mailbox/get: counters of emails and threads are those of what is visible, and follow IMAP', async () => {
  await using store = await tempStore();
  await withMail(store);
  const client = new Client(store);
  const counts = async (name: string): Promise<unknown> => {
    const { list } = await client.call('Mailbox/get', {});
    const { totalEmails, unreadEmails, totalThreads, unreadThreads } =
      list.find((one) => one.name === name) ?? assert.fail(name);
    return [totalEmails, unreadEmails, totalThreads, unreadThreads];
  };
  const inbox = await store.account.mailboxes.byName('INBOX');
  assert.ok(inbox !== null);
  assert.deepEqual(await counts('Inbox'), [3, 2, 2, 2]);
  await store.account.messages.copy(inbox.id, [2], { name: 'Archive' });
  // Its thread has an unread email, though in another mailbox.
  assert.deepEqual(await counts('Archive'), [1, 0, 1, 1]);
  await store.account.messages.store(inbox.id, [3], { mode: 'add', bits: SystemFlag.Deleted, keywords: [] });
  assert.deepEqual(await counts('Inbox'), [2, 1, 1, 1]);
  await store.account.messages.store(inbox.id, [1], { mode: 'add', bits: SystemFlag.Seen, keywords: [] });
  assert.deepEqual(await counts('Archive'), [1, 0, 1, 0]);
});

test('Email/get: an email has one id in all of its mailboxes, and keeps it when it is moved', async () => {
  await using store = await tempStore();
  await withMail(store);
  const client = new Client(store);
  const inbox = await store.account.mailboxes.byName('INBOX');
  assert.ok(inbox !== null);
  const { ids } = await client.call('Email/query', {});
  const before = await client.call('Email/get', { ids, properties: ['mailboxIds'] });
  await store.account.messages.copy(inbox.id, [1], { name: 'Archive' });
  await store.account.messages.move(inbox.id, [1], { name: 'Trash' });
  const changes = await client.call('Email/changes', { sinceState: before.state });
  assert.deepEqual([changes.created, changes.updated, changes.destroyed], [[], [ids[2]], []]);
  const { list } = await client.call('Email/get', { ids: ids.slice(2, 3), properties: ['mailboxIds'] });
  assert.equal(Object.keys(list[0]?.mailboxIds ?? {}).length, 2);
});

test('Email/changes: new, changed and removed emails since a state', async () => {
  await using store = await tempStore();
  await withMail(store);
  const client = new Client(store);
  const { ids } = await client.call('Email/query', { sort: [{ property: 'receivedAt', isAscending: true }] });
  const { state } = await client.call('Email/get', { ids: [] });
  const inbox = await store.account.mailboxes.byName('INBOX');
  assert.ok(inbox !== null);
  await store.account.messages.store(inbox.id, [1], { mode: 'add', bits: SystemFlag.Flagged, keywords: ['Work'] });
  await store.account.messages.remove(inbox.id, [2]);
  await store.account.messages.append({ name: 'INBOX' }, [
    newMessage(['Subject: new']),
    newMessage(['Subject: short']),
  ]);
  await store.account.messages.remove(inbox.id, [5]);
  const { created, updated, destroyed, hasMoreChanges } = await client.call('Email/changes', { sinceState: state });
  assert.equal(created.length, 1);
  assert.deepEqual([updated, destroyed, hasMoreChanges], [[ids[0]], [ids[1]], false]);
  const { list } = await client.call('Email/get', { ids: ids.slice(0, 1), properties: ['keywords'] });
  assert.deepEqual(list[0]?.keywords, { $flagged: true, work: true });
  assert.equal((await client.call('Email/changes', { sinceState: '999999' })).type, 'cannotCalculateChanges');
});

test('jmapArea: a login that may only read sees so, and changes nothing', async () => {
  await using store = await tempStore();
  await withMail(store);
  const client = new Client(store, jmapLimits, { id: 1, scopes: ['read-only', 'send'] });
  const response = await client.send('/.well-known/jmap');
  const session = (await response.json()) as Session;
  const account = session.accounts[`A${store.account.id}`] as { isReadOnly: boolean; accountCapabilities: JsonObject };
  const mail = account.accountCapabilities['urn:ietf:params:jmap:mail'] as JsonObject;
  assert.deepEqual([account.isReadOnly, mail['mayCreateTopLevelMailbox']], [true, false]);
  const { list } = await client.call('Mailbox/get', { properties: ['myRights'] });
  for (const { myRights } of list) assert.deepEqual(granted(myRights), ['mayReadItems']);
  const { ids } = await client.call('Email/query', {});
  const before = await store.account.changes.modSeq();
  for (const name of ['Email/set', 'Mailbox/set'])
    assert.equal((await client.call(name, { destroy: [ids[0] ?? ''] })).type, 'accountReadOnly');
  assert.equal(await store.account.changes.modSeq(), before);
  for (const scopes of [['mail'], ['read-only', 'mail']] as const)
    assert.equal((await new Client(store, jmapLimits, { id: 1, scopes }).call('Email/set', {})).type, undefined);
});

/** Returns the names of the rights that are given. */
function granted(rights: JsonObject): string[] {
  return Object.keys(rights).filter((name) => rights[name] === true);
}

test('Email/set: keywords are IMAP flags, and IMAP sees a move, a copy and a removal', async () => {
  await using store = await tempStore();
  await withMail(store);
  const client = new Client(store);
  const { account } = store;
  const [first, second, third] = (
    await client.call('Email/query', { sort: [{ property: 'receivedAt', isAscending: true }] })
  ).ids;
  const byName = async (name: string): Promise<Mailbox> => (await account.mailboxes.byName(name)) ?? assert.fail(name);
  const archive = `M${(await byName('Archive')).id}`;
  await account.messages.store((await byName('INBOX')).id, [1], {
    mode: 'add',
    bits: 0,
    keywords: ['$Forwarded', '$Seen'],
  });
  await client.call('Email/set', {
    update: {
      [first ?? '']: { keywords: { $answered: true, $draft: true, $forwarded: true } },
      [second ?? '']: { mailboxIds: { [archive]: true } },
      [third ?? '']: { [`mailboxIds/${archive}`]: true, 'keywords/$flagged': true },
    },
  });
  const flagsIn = async (name: string): Promise<unknown[]> => {
    const { id } = await byName(name);
    const places = await account.db.read((reader) => selectPlaces(reader, account.id, id, [1, 2, 3, 4]));
    return places.map(({ uid, flags, keywords }) => [uid, flags, keywords]);
  };
  const { Answered, Draft, Flagged, Seen } = SystemFlag;
  assert.deepEqual(await flagsIn('INBOX'), [
    [1, Answered | Draft, '$Forwarded'],
    [3, Flagged, ''],
  ]);
  assert.deepEqual(await flagsIn('Archive'), [
    [1, Flagged, ''],
    [2, Seen, ''],
  ]);
  await client.call('Email/set', { destroy: [first ?? '', third ?? ''] });
  assert.deepEqual([await flagsIn('INBOX'), await flagsIn('Archive')], [[], [[2, Seen, '']]]);
});

test('Email/set: the objects of a call, the keywords of an email and those of an account have limits', async () => {
  await using store = await tempStore();
  await withMail(store);
  const client = new Client(store, { ...jmapLimits, maxObjectsInSet: 2 });
  const { ids } = await client.call('Email/query', {});
  const [one = '', two = ''] = ids;
  const many = (count: number, name = 'k'): JsonObject =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`${name}${i}`, true]));
  const set = (args: JsonObject): Promise<Answer> => client.call('Email/set', args);
  assert.equal((await set({ destroy: ['E97', 'E98', 'E99'] })).type, 'requestTooLarge');
  assert.equal((await set({ destroy: ['E98', 'E99'] })).type, undefined);
  const refused = await set({
    update: { [one]: { keywords: many(101) }, [two]: { keywords: { ['k'.repeat(101)]: true } } },
  });
  assert.deepEqual(
    [refused.notUpdated[one]?.type, refused.notUpdated[two]?.type],
    ['tooManyKeywords', 'invalidProperties'],
  );
  for (let i = 0; i < 10; i += 1) await set({ update: { [one]: { keywords: many(100, `x${i}y`) } } });
  const full = await set({
    update: { [one]: { 'keywords/new': true }, [two]: { 'keywords/$flagged': true, 'keywords/x1y1': true } },
  });
  assert.equal(full.notUpdated[one]?.type, 'tooManyKeywords');
  assert.deepEqual(full.updated, { [two]: null });
});

test('Email/set: calls for the same email at the same time all take effect', async () => {
  await using store = await tempStore();
  await withMail(store);
  const client = new Client(store);
  const { ids } = await client.call('Email/query', {});
  const [one = ''] = ids;
  const keywords = ['a', 'b', 'c', 'd', 'e'];
  const answers = await Promise.all(
    keywords.map((keyword) => client.call('Email/set', { update: { [one]: { [`keywords/${keyword}`]: true } } })),
  );
  assert.deepEqual(
    answers.map(({ updated }) => updated),
    keywords.map(() => ({ [one]: null })),
  );
  const { list } = await client.call('Email/get', { ids: [one], properties: ['keywords'] });
  assert.deepEqual(Object.keys(list[0]?.keywords ?? {}).toSorted(), keywords);
});

test('upload: bytes can be downloaded for an hour, and their id is always the same', async () => {
  await using store = await tempStore();
  const limits = { ...jmapLimits, maxSizeUpload: 300_000, maxConcurrentUpload: 1 };
  const client = new Client(store, limits);
  const path = `/jmap/upload/A${store.account.id}`;
  const upload = (body: string): Promise<Response> =>
    client.send(path, { method: 'POST', body, headers: { 'Content-Type': 'text/plain' } });
  // One in memory, and one that is too large for it.
  for (const body of ['hello', 'x'.repeat(300_000)]) {
    const response = await upload(body);
    const { blobId, type, size } = (await response.json()) as { blobId: string; type: string; size: number };
    assert.deepEqual([response.status, type, size], [201, 'text/plain', body.length]);
    const again = (await (await upload(body)).json()) as { blobId: string };
    assert.equal(again.blobId, blobId);
    const get = (): Promise<Response> => client.send(`/jmap/download/A${store.account.id}/${blobId}/f.txt`);
    assert.equal(await (await get()).text(), body);
    await store.clock.advance(59 * 60_000);
    assert.equal((await get()).status, 200);
    await store.clock.advance(60_000);
    assert.equal((await get()).status, 404);
  }
  const large = await upload('x'.repeat(300_001));
  assert.deepEqual([large.status, ((await large.json()) as JsonObject)['limit']], [413, 'maxSizeUpload']);
  const both = await Promise.all([upload('a'), upload('b')]);
  assert.deepEqual(both.map(({ status }) => status).toSorted(), [201, 400]);
  assert.equal((await client.send('/jmap/upload/A99', { method: 'POST', body: 'x' })).status, 404);
  assert.equal((await client.send(path)).status, 405);
  const reader = new Client(store, limits, { id: 1, scopes: ['read-only'] });
  assert.equal((await reader.send(path, { method: 'POST', body: 'x' })).status, 403);
});

test('Email/import: an upload becomes an email in several mailboxes, or is refused with a reason', async () => {
  await using store = await tempStore();
  const client = new Client(store);
  const upload = async (body: string): Promise<string> => {
    const response = await client.send(`/jmap/upload/A${store.account.id}`, { method: 'POST', body });
    return ((await response.json()) as { blobId: string }).blobId;
  };
  const received = 'Received: from a by b; Thu, 1 Jan 2026 10:00:00 +0200\r\n';
  const blobId = await upload(`${received}Subject: in\r\nMessage-ID: <i@x>\r\n\r\nbody\r\n`);
  const [inbox, sent] = await store.account.mailboxes.byNames(['INBOX', 'Sent']);
  const mailboxIds = { [`M${inbox?.id ?? 0}`]: true, [`M${sent?.id ?? 0}`]: true };
  const state = (await client.call('Email/get', { ids: [] })).state;
  const keywords = { $seen: true, Work: true };
  const answer = (await client.call('Email/import', {
    ifInState: state,
    emails: {
      good: { blobId, mailboxIds, keywords },
      dated: { blobId, mailboxIds, receivedAt: '2020-02-02T02:02:02Z' },
      gone: { blobId: 'U0', mailboxIds },
      nowhere: { blobId, mailboxIds: {} },
      text: { blobId: await upload('no header'), mailboxIds },
      odd: { blobId, mailboxIds, colour: 'red' },
      keyword: { blobId, mailboxIds, keywords: { 'a b': true } },
    },
  })) as unknown as {
    oldState: string;
    newState: string;
    created: Record<string, { id: string; blobId: string; size: number; threadId: string }>;
    notCreated: Record<string, { type: string; properties?: string[] }>;
  };
  const refused = Object.entries(answer.notCreated).map(([name, { type, properties = [] }]) => [
    name,
    type,
    ...properties,
  ]);
  assert.deepEqual(refused, [
    ['gone', 'invalidProperties', 'blobId'],
    ['nowhere', 'invalidProperties', 'mailboxIds'],
    ['text', 'invalidEmail'],
    ['odd', 'invalidProperties', 'colour'],
    ['keyword', 'invalidProperties', 'keywords'],
  ]);
  const { good, dated } = answer.created;
  assert.ok(good !== undefined && dated !== undefined);
  const wanted = ['mailboxIds', 'keywords', 'receivedAt', 'threadId', 'size', 'blobId'];
  const got = await client.call('Email/get', { ids: [good.id, dated.id], properties: wanted });
  assert.equal(got.state, answer.newState);
  const { threadId, size } = good;
  assert.deepEqual(got.list[0], {
    id: good.id,
    blobId: good.blobId,
    threadId,
    size,
    mailboxIds,
    keywords: { $seen: true, work: true },
    receivedAt: '2026-01-01T08:00:00Z',
  });
  assert.equal((got.list[1] as unknown as JsonObject)['receivedAt'], '2020-02-02T02:02:02Z');
  const changes = await client.call('Email/changes', { sinceState: answer.oldState });
  assert.deepEqual([...changes.created].toSorted(), [good.id, dated.id].toSorted());
  // A message that is there already can be imported as well.
  const copy = await client.call('Email/import', { emails: { k: { blobId: good.blobId, mailboxIds } } });
  assert.deepEqual(Object.keys(copy.created), ['k']);
  assert.equal((await client.call('Email/import', { ifInState: state, emails: {} })).type, 'stateMismatch');
  const poor = new Client(store, jmapLimits, null, 10);
  const over = (await poor.call('Email/import', {
    emails: { k: { blobId: good.blobId, mailboxIds } },
  })) as unknown as typeof answer;
  assert.equal(over.notCreated['k']?.type, 'overQuota');
  const reader = new Client(store, jmapLimits, { id: 1, scopes: ['read-only'] });
  assert.equal((await reader.call('Email/import', { emails: {} })).type, 'accountReadOnly');
});

test('Email/get: a preview is made once', async () => {
  await using store = await tempStore();
  await withMail(store);
  const client = new Client(store);
  const { ids } = await client.call('Email/query', {});
  const emails = ids.map((id) => Number(id.slice(1)) as ContentId);
  const { reader } = store.account;
  assert.equal((await reader.previews(emails)).size, 0);
  const { list } = await client.call('Email/get', { ids, properties: ['preview'] });
  const previews = (list as unknown as { readonly preview: string }[]).map(({ preview }) => preview);
  assert.deepEqual(previews[0], 'naïve text');
  const stored = await reader.previews(emails);
  assert.deepEqual(
    emails.map((id) => stored.get(id)),
    previews,
  );
  assert.deepEqual((await client.call('Email/get', { ids, properties: ['preview'] })).list, list);
});

test('Email/get: a damaged message is the loss of one email', async () => {
  await using store = await tempStore();
  await withMail(store);
  const client = new Client(store);
  const { ids } = await client.call('Email/query', {});
  const [newest = '', ...others] = ids;
  const email = Number(newest.slice(1));
  const { db } = store.account;
  const [[description, bytes] = []] = await db.read((reader) =>
    reader.arrays(
      sql`SELECT e.description, c.bytes FROM email AS e JOIN content AS c ON c.id = e.id WHERE e.id = ${email}`,
    ),
  );
  assert.ok(description instanceof Uint8Array && bytes instanceof Uint8Array);
  const put = async (descriptionNow: Uint8Array, bytesNow: Uint8Array): Promise<void> =>
    await db.write(async (tx) => {
      await tx.run(sql`UPDATE email SET description = ${descriptionNow} WHERE id = ${email}`);
      await tx.run(sql`UPDATE content SET bytes = ${bytesNow} WHERE id = ${email}`);
    });
  await put(new Uint8Array([1, 2, 3]), bytes.subarray(0, 3));
  const { list, notFound } = await client.call('Email/get', { ids, properties: ['subject', 'from'] });
  await put(description, bytes);
  assert.deepEqual([list.map(({ id }) => id), notFound], [others, [newest]]);
});

test('Email/query: filters, order, windows and threads, and early ends of the usual page', async () => {
  await using store = await tempStore();
  await withMail(store);
  const client = new Client(store);
  const { ids } = await client.call('Email/query', { calculateTotal: true });
  for (const [args, want] of [
    [{ filter: { subject: 'café' } }, [1, 2]],
    [{ filter: { from: 'zoe' } }, [2]],
    [{ filter: { body: 'naïve' } }, [0]],
    [{ filter: { text: '"re: café"' } }, [1]],
    [{ filter: { hasAttachment: true } }, [0]],
    [{ filter: { operator: 'NOT', conditions: [{ hasAttachment: true }, { hasKeyword: '$seen' }] } }, [2]],
    [
      {
        filter: { operator: 'OR', conditions: [{ before: '2026-01-02T00:00:00Z' }, { after: '2026-01-03T00:00:00Z' }] },
      },
      [0, 2],
    ],
    [{ filter: { header: ['In-Reply-To'] } }, [1]],
    [{ filter: { someInThreadHaveKeyword: '$seen' } }, [1, 2]],
    [{ filter: { inMailbox: 'M999' } }, []],
    [{ sort: [{ property: 'receivedAt', isAscending: true }] }, [2, 1, 0]],
    [{ sort: [{ property: 'hasKeyword', keyword: '$seen', isAscending: false }] }, [1, 0, 2]],
    [{ collapseThreads: true }, [0, 1]],
    [{ position: 1, limit: 1 }, [1]],
    [{ position: -1 }, [2]],
    [{ anchor: ids[2] ?? '', anchorOffset: -1, limit: 5 }, [1, 2]],
  ] as const) {
    const { ids: found } = await client.call('Email/query', args);
    assert.deepEqual(
      found,
      want.map((i) => ids[i]),
      JSON.stringify(args),
    );
  }
  const newest = [{ property: 'receivedAt', isAscending: false }];
  const inbox = (await client.call('Mailbox/get', {})).list.find(({ role }) => role === 'inbox')?.id ?? '';
  for (const filter of [{ inMailbox: inbox }, { operator: 'AND', conditions: [{ inMailbox: inbox }] }]) {
    for (const [collapseThreads, all] of [
      [false, [0, 1, 2]],
      [true, [0, 1]],
    ] as const) {
      for (let position = 0; position < 4; position += 1) {
        for (let limit = 0; limit < 4; limit += 1) {
          const args = { filter, sort: newest, collapseThreads, position, limit, calculateTotal: true };
          const page = await client.call('Email/query', args);
          const want = all.slice(position, position + limit).map((i) => ids[i]);
          assert.deepEqual([page.ids, page.total], [want, all.length], JSON.stringify(args));
        }
      }
    }
  }
  for (const [args, type] of [
    [{ filter: { unknown: 1 } }, 'unsupportedFilter'],
    [{ filter: { minSize: 'big' } }, 'invalidArguments'],
    [{ sort: [{ property: 'subject' }] }, 'unsupportedSort'],
    [{ anchor: 'E999' }, 'anchorNotFound'],
    [{ colour: 'red' }, 'invalidArguments'],
    [{ accountId: 'A999' }, 'accountNotFound'],
  ] as const)
    assert.equal((await client.call('Email/query', args)).type, type, JSON.stringify(args));
});

test('download: whole messages and decoded parts, also a range of them, and nothing of other accounts', async () => {
  await using store = await tempStore();
  await withMail(store);
  const client = new Client(store);
  const account = `A${store.account.id}`;
  const { ids } = await client.call('Email/query', { filter: { hasAttachment: true } });
  const { list } = await client.call('Email/get', { ids, properties: ['attachments', 'blobId', 'size'] });
  const { blobId, size, attachments } = list[0] ?? assert.fail('no attachment');
  const pdfBlob = attachments[0]?.blobId ?? '';
  const path = (id: string): string => `/jmap/download/${account}/${id}/r%C3%A9.pdf?type=application/pdf`;
  const pdf = await client.send(path(pdfBlob));
  assert.equal(await pdf.text(), '%PDF-');
  assert.equal(attachments[0]?.size, 5);
  assert.equal(pdf.headers.get('Content-Disposition'), `attachment; filename="r_.pdf"; filename*=UTF-8''r%C3%A9.pdf`);
  const whole = await client.send(path(blobId));
  assert.equal((await whole.arrayBuffer()).byteLength, size);
  const range = await client.send(path(pdfBlob), { headers: { Range: 'bytes=1-3' } });
  assert.deepEqual([range.status, await range.text(), range.headers.get('Content-Range')], [206, 'PDF', 'bytes 1-3/5']);
  assert.equal((await client.send(path(blobId), { headers: { Range: 'bytes=99999-' } })).status, 416);
  for (const id of ['B999', 'B1P9', 'B1P1-1-1', 'x']) assert.equal((await client.send(path(id))).status, 404, id);
  assert.equal((await client.send(path(blobId).replace(account, 'A999'))).status, 404);
});
