import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { jmapLimits, type JsonObject, type JsonValue } from '#lib/jmap';
import { router } from '#server/http';
import { askHttp, httpWorld } from '#testing/http-world';
import { JmapClient, putJmapMail } from '#testing/jmap-client';
import { tempStore } from '#testing/temp-store';

interface Session {
  readonly apiUrl: string;
  readonly username: string;
  readonly state: string;
  readonly accounts: JsonObject;
  readonly primaryAccounts: JsonObject;
  readonly capabilities: Readonly<Record<string, JsonObject>>;
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
    await putJmapMail(store);
    const request = await readFile(new URL(file, folder), 'utf8');
    const expected = await readFile(new URL(file.replace('.request.', '.response.'), folder), 'utf8');
    // Limits that differ from the usual ones are in a file of their own.
    const limits = await readFile(new URL(file.replace('.request.', '.limits.'), folder), 'utf8').catch(() => '{}');
    const client = new JmapClient(store, { ...jmapLimits, ...(JSON.parse(limits) as Partial<typeof jmapLimits>) });
    const { body } = await client.post(request);
    assertLike(body, JSON.parse(expected) as JsonValue, '');
  });
}

test('jmapArea: the session names its URLs, its capabilities and the only account', async () => {
  await using store = await tempStore();
  const response = await new JmapClient(store).send('/.well-known/jmap');
  const session = (await response.json()) as Session;
  const id = `A${store.account.id}`;
  assert.equal(session.apiUrl, 'http://mail.example/jmap/api');
  assert.equal(session.username, 'mara@example.org');
  assert.deepEqual(Object.keys(session.accounts), [id]);
  assert.equal((session.accounts[id] as JsonObject)['isReadOnly'], false);
  assert.equal(session.primaryAccounts['urn:ietf:params:jmap:mail'], id);
  // RFC 8620 §2: core is not present there.
  assert.equal(session.primaryAccounts['urn:ietf:params:jmap:core'], undefined);
  assert.equal(session.capabilities['urn:ietf:params:jmap:core']?.['maxCallsInRequest'], jmapLimits.maxCallsInRequest);
  assert.match(response.headers.get('Cache-Control') ?? '', /no-store/);
});

test('jmapArea: responses name the state of the session, which depends on what it says', async () => {
  await using store = await tempStore();
  const statesOf = async (client: JmapClient): Promise<unknown[]> => {
    const { state } = (await (await client.send('/.well-known/jmap')).json()) as Session;
    const { body } = await client.post(JSON.stringify({ using: [], methodCalls: [] }));
    return [state, body['sessionState']];
  };
  const [state, stated] = await statesOf(new JmapClient(store));
  assert.equal(stated, state);
  const limits = { ...jmapLimits, maxObjectsInGet: 7 };
  for (const other of [
    new JmapClient(store, limits),
    new JmapClient(store, jmapLimits, { id: 1, scopes: ['read-only'] }),
  ]) {
    const [otherState, otherStated] = await statesOf(other);
    assert.equal(otherStated, otherState);
    assert.notEqual(otherState, state);
  }
});

test('jmapArea: requests that are no JSON, no request or too much are refused as a whole', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store, { ...jmapLimits, maxCallsInRequest: 2, maxSizeRequest: 2000 });
  const echo = ['Core/echo', {}, 'a'];
  const using = ['urn:ietf:params:jmap:core'];
  for (const [body, type, limit] of [
    ['{', 'notJSON', undefined],
    [JSON.stringify({ using, methodCalls: [echo] }).replace('{}', '{"x":1e999}'), 'notJSON', undefined],
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

test('jmapArea: bodies over their limits are refused with problem details, over HTTP', async () => {
  await using store = await tempStore();
  const { area } = new JmapClient(store, { ...jmapLimits, maxSizeRequest: 2000, maxSizeUpload: 3000 });
  await using http = await httpWorld(router({ areas: [area], hosts: [], isHost: () => true, allowedOrigins: [] }));
  const upload = `/jmap/upload/A${store.account.id}`;
  for (const [path, size, limit, isDeclared] of [
    ['/jmap/api', 2001, 'maxSizeRequest', true],
    ['/jmap/api', 2001, 'maxSizeRequest', false],
    // Over what the area takes at most.
    ['/jmap/api', 3001, 'maxSizeRequest', true],
    [upload, 3001, 'maxSizeUpload', true],
    [upload, 3001, 'maxSizeUpload', false],
  ] as const) {
    const framing = isDeclared ? { 'Content-Length': size } : { 'Transfer-Encoding': 'chunked' };
    const headers = { 'Content-Type': 'application/json', ...framing };
    const answer = await askHttp(http.port, { method: 'POST', path, headers }, 'x'.repeat(size));
    assert.equal(answer.headers['content-type'], 'application/problem+json', `${path} ${size}`);
    const { type, status, limit: named } = JSON.parse(answer.text) as JsonObject;
    assert.deepEqual(
      [answer.status, status, type, named],
      [413, 413, 'urn:ietf:params:jmap:error:limit', limit],
      `${path} ${size}`,
    );
  }
});

test('jmapArea: calls behind responses that are long enough are refused, and so is one whose emails are too long', async () => {
  await using store = await tempStore();
  await putJmapMail(store);
  const client = new JmapClient(store, { ...jmapLimits, maxResponseChars: 3000 });
  const echo = ['Core/echo', { x: 'x'.repeat(2000) }, 'a'];
  const using = ['urn:ietf:params:jmap:core'];
  const { body } = await client.post(JSON.stringify({ using, methodCalls: [echo, echo, echo] }));
  const responses = body['methodResponses'] as unknown as [string, { readonly type?: string }][];
  assert.deepEqual(
    responses.map(([name, { type }]) => type ?? name),
    ['Core/echo', 'Core/echo', 'requestTooLarge'],
  );
  const { ids } = await client.call('Email/query', {});
  const narrow = new JmapClient(store, { ...jmapLimits, maxResponseChars: 1000 });
  assert.equal((await narrow.call('Email/get', { ids })).type, 'requestTooLarge');
  assert.equal((await narrow.call('Email/get', { ids, properties: ['subject'] })).type, undefined);
});

test('jmapArea: an account has only so many requests at a time', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store, { ...jmapLimits, maxConcurrentRequests: 1 });
  const body = JSON.stringify({ using: [], methodCalls: [] });
  const [first, second] = await Promise.all([client.post(body), client.post(body)]);
  assert.deepEqual([first.status, second.status], [200, 400]);
  assert.equal(second.body['limit'], 'maxConcurrentRequests');
  assert.equal((await client.post(body)).status, 200);
});

test('jmapArea: a login that may only read sees so, and changes nothing', async () => {
  await using store = await tempStore();
  await putJmapMail(store);
  const client = new JmapClient(store, jmapLimits, { id: 1, scopes: ['read-only', 'send'] });
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
    assert.equal((await new JmapClient(store, jmapLimits, { id: 1, scopes }).call('Email/set', {})).type, undefined);
});

/** Returns the names of the rights that are given. */
function granted(rights: JsonObject): string[] {
  return Object.keys(rights).filter((name) => rights[name] === true);
}
