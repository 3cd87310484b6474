import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jmapLimits } from '#lib/jmap';
import { SystemFlag } from '#lib/flags';
import { JmapClient } from '#testing/jmap-client';
import { testSending } from '#testing/jmap-sending';
import { newMessage, tempStore, type TempStore } from '#testing/temp-store';

/** Reads the events of one stream. */
class Events {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = '';

  constructor({ status, body }: Response) {
    assert.equal(status, 200);
    this.#reader = body?.pipeThrough(new TextDecoderStream()).getReader() ?? assert.fail('no body');
  }

  /** Returns the lines of the next event; null at the end of the stream. */
  async next(): Promise<string | null> {
    for (;;) {
      const [, event, rest] = /^(.*?)\n\n([^]*)$/s.exec(this.#text) ?? [];
      if (event !== undefined) {
        this.#text = rest ?? '';
        if (!event.startsWith(':')) return event;
        continue;
      }
      const { value, done } = await this.#reader.read();
      if (done) return null;
      this.#text += value;
    }
  }

  /** Returns the next change: the id of its event, and the types. */
  async change(): Promise<{ readonly id: string; readonly types: Readonly<Record<string, string>> }> {
    const [, id, data] = /^event: state\nid: (.*)\ndata: (.*)$/.exec((await this.next()) ?? '') ?? [];
    assert.ok(id !== undefined && data !== undefined);
    const { changed, ...rest } = JSON.parse(data) as { changed: Record<string, Record<string, string>> };
    assert.deepEqual(rest, { '@type': 'StateChange' });
    const [[account, types] = assert.fail('no account'), ...others] = Object.entries(changed);
    assert.match(account, /^A\d+$/);
    assert.equal(others.length, 0);
    return { id, types };
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }
}

async function append({ account }: TempStore): Promise<void> {
  await account.messages.append({ name: 'INBOX' }, [newMessage(['Subject: a'])]);
}

async function setFlag({ account }: TempStore, bits: number): Promise<void> {
  const inbox = (await account.mailboxes.byName('INBOX')) ?? assert.fail('no INBOX');
  await account.messages.store(inbox.id, [1], { mode: 'add', bits, keywords: [] });
}

test('event source: a delivery changes all types, a flag all but EmailDelivery', async () => {
  await using store = await tempStore();
  const events = new Events(await new JmapClient(store).send('/jmap/events?types=*&closeafter=no&ping=0'));
  await append(store);
  const first = await events.change();
  const state = String(await store.account.changes.modSeq());
  assert.deepEqual(
    { ...first.types, EmailDelivery: '*' },
    {
      Email: state,
      EmailDelivery: '*',
      Mailbox: state,
      Thread: state,
    },
  );
  await setFlag(store, SystemFlag.Flagged);
  assert.deepEqual(Object.keys((await events.change()).types), ['Email', 'Mailbox', 'Thread']);
  // What destroys the newest email delivers nothing.
  const inbox = (await store.account.mailboxes.byName('INBOX')) ?? assert.fail('no INBOX');
  await store.account.messages.remove(inbox.id, [1]);
  await store.account.messages.eraseExpunged();
  assert.deepEqual(Object.keys((await events.change()).types), ['Email', 'Mailbox', 'Thread']);
  await events.cancel();
});

test('event source: the state of submissions changes with them, and with nothing else', async () => {
  await using store = await tempStore();
  const sending = testSending(store);
  const client = new JmapClient(store, jmapLimits, null, 0, {}, sending);
  const events = new Events(await client.send('/jmap/events?types=EmailSubmission'));
  await append(store);
  const { id: account } = store.account;
  const facts = { account, identity: 'I1', email: 1, thread: 1, envelope: '{}', sendAtMs: 0 };
  await store.databases.server.write((tx) => sending.submissions.recordIn(tx, 1 as never, facts));
  assert.deepEqual((await events.change()).types, { EmailSubmission: '1' });
  await events.cancel();
});

test('event source: the configuration changes identities and quotas', async () => {
  await using store = await tempStore();
  const { sender, ...sending } = { ...testSending(store), sender: { fullName: '', addresses: ['a@example.org'] } };
  let shown = sender;
  const client = new JmapClient(store, jmapLimits, null, 0, {}, { ...sending, senderOf: () => shown });
  const events = new Events(await client.send('/jmap/events'));
  shown = { ...sender, addresses: ['b@example.org'] };
  store.bus.publish('config');
  assert.deepEqual(Object.keys((await events.change()).types), ['Identity']);
  await events.cancel();
  const limited = new Events(await new JmapClient(store, jmapLimits, null, 10_000).send('/jmap/events'));
  await append(store);
  assert.match(String((await limited.change()).types['Quota']), /^[1-9]\d*-10000$/);
  await limited.cancel();
});

test('event source: only the types that a client names', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store);
  await append(store);
  const deliveries = new Events(await client.send('/jmap/events?types=EmailDelivery,Unknown'));
  const mailboxes = new Events(await client.send('/jmap/events?types=Mailbox'));
  await setFlag(store, SystemFlag.Seen);
  assert.deepEqual(Object.keys((await mailboxes.change()).types), ['Mailbox']);
  await append(store);
  assert.deepEqual(Object.keys((await deliveries.change()).types), ['EmailDelivery']);
  await Promise.all([deliveries.cancel(), mailboxes.cancel()]);
});

test('event source: a client that comes again is sent what it has missed, and nothing else', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store);
  const events = new Events(await client.send('/jmap/events'));
  await append(store);
  const { id } = await events.change();
  await events.cancel();
  const again = (last: string): Promise<Response> =>
    client.send('/jmap/events?closeafter=state', { headers: { 'Last-Event-ID': last } });
  const idle = new Events(await again(id));
  await setFlag(store, SystemFlag.Seen);
  assert.deepEqual(Object.keys((await new Events(await again(id)).change()).types), ['Email', 'Mailbox', 'Thread']);
  assert.notEqual((await idle.change()).id, id);
  // An id that is not ours.
  assert.equal(Object.keys((await new Events(await again('x')).change()).types).length, 7);
});

test('event source: closeafter=state ends the response after the first change', async () => {
  await using store = await tempStore();
  const events = new Events(await new JmapClient(store).send('/jmap/events?closeafter=state'));
  await append(store);
  await events.change();
  assert.equal(await events.next(), null);
});

test('event source: pings when nothing else was sent, in a time within limits, without an id', async () => {
  await using store = await tempStore();
  const { clock } = store;
  const client = new JmapClient(store);
  const events = new Events(await client.send('/jmap/events?ping=20'));
  const quick = new Events(await client.send('/jmap/events?ping=1'));
  await clock.advance(5000);
  assert.equal(await quick.next(), 'event: ping\ndata: {"interval":5}');
  await clock.advance(10_000);
  await append(store);
  await events.change();
  await clock.advance(20_000);
  await append(store);
  await events.change();
  await clock.advance(22_000);
  assert.equal(await events.next(), 'event: ping\ndata: {"interval":20}');
  await Promise.all([events.cancel(), quick.cancel()]);
});

test('event source: a client that does not read finds one change for all that happened', async () => {
  await using store = await tempStore();
  const events = new Events(await new JmapClient(store).send('/jmap/events'));
  for (let i = 0; i < 50; i += 1) await append(store);
  await new Promise((resolve) => setImmediate(resolve));
  let count = 0;
  for (const last = String(await store.account.changes.modSeq()); ;) {
    count += 1;
    if ((await events.change()).types['Email'] === last) break;
  }
  assert.ok(count <= 3, `${count}`);
  await events.cancel();
});

test('event source: queries that are not as they should be', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store, jmapLimits, null, 0, { maxTypes: 2 });
  for (const query of ['types=', 'types=a,b,c', 'closeafter=maybe', 'ping=-1', 'ping=soon'])
    assert.equal((await client.send(`/jmap/events?${query}`)).status, 400, query);
  assert.equal((await client.send('/jmap/events', { method: 'POST' })).status, 405);
  assert.equal((await client.send('/jmap/events', { method: 'HEAD' })).status, 200);
});

test('event source: limits for an account, places of those that left are free', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store, jmapLimits, null, 0, { maxAccountClients: 2 });
  const [first, second] = [await client.send('/jmap/events'), await client.send('/jmap/events')];
  const refused = await client.send('/jmap/events');
  assert.deepEqual([refused.status, ((await refused.json()) as { limit: string }).limit], [429, 'maxPushClients']);
  await first.body?.cancel();
  const third = await client.send('/jmap/events');
  assert.equal(third.status, 200);
  await Promise.all([second.body?.cancel(), third.body?.cancel()]);
  const full = new JmapClient(store, jmapLimits, null, 0, { maxClients: 0 });
  assert.equal((await full.send('/jmap/events')).status, 429);
});

test('event source: the stream ends with its login, and with its account', async () => {
  await using store = await tempStore();
  const [client, other] = [new JmapClient(store), new JmapClient(store)];
  const [ending, going] = [await client.send('/jmap/events'), await other.send('/jmap/events')].map(
    (one) => new Events(one),
  );
  client.logOut();
  assert.equal(await ending?.next(), null);
  // A login that ended while the request was answered.
  assert.equal(await new Events(await client.send('/jmap/events')).next(), null);
  await append(store);
  await going?.change();
  await store.accounts.remove('mara');
  assert.equal(await going?.next(), null);
});

test('event source: a server that stops ends the stream', async () => {
  await using store = await tempStore();
  const stopping = new AbortController();
  const events = new Events(await new JmapClient(store).send('/jmap/events', {}, stopping.signal));
  stopping.abort();
  assert.equal(await events.next(), null);
});
