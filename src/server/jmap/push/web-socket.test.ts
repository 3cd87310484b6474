import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { jmapLimits, type JsonObject, type JsonValue } from '#lib/jmap';
import { httpWorld } from '#testing/http-world';
import { JmapClient } from '#testing/jmap-client';
import { newMessage, tempStore, type TempStore } from '#testing/temp-store';

interface World extends AsyncDisposable {
  readonly store: TempStore;
  readonly client: JmapClient;
  readonly connect: (protocols?: readonly string[]) => Promise<Socket>;
  readonly send: (path: string) => Promise<Response>;
}

/** One client of a WebSocket, with the messages that it got. */
class Socket implements Disposable {
  readonly #socket: WebSocket;
  readonly #messages: JsonObject[] = [];
  readonly closed: Promise<number>;
  #wake = Promise.withResolvers<void>();

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      this.#messages.push(JSON.parse(String(data)) as JsonObject);
      this.#wake.resolve();
    });
    this.closed = once(socket, 'close').then(([event]) => (event as CloseEvent).code);
  }

  send(message: JsonObject | string): void {
    this.#socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  async next(): Promise<JsonObject> {
    while (this.#messages.length === 0) {
      this.#wake = Promise.withResolvers<void>();
      await this.#wake.promise;
    }
    return this.#messages.shift() ?? assert.fail();
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

/** Rejects when the server refuses the connection. */
async function refused(socket: WebSocket): Promise<never> {
  await once(socket, 'error');
  throw new Error('refused');
}

async function world(...more: [limits?: typeof jmapLimits, push?: { maxAccountClients?: number }]): Promise<World> {
  const store = await tempStore();
  const client = new JmapClient(store, more[0], null, 0, more[1]);
  const http = await httpWorld(client.handle);
  const connect = async (protocols: readonly string[] = ['jmap']): Promise<Socket> => {
    const socket = new WebSocket(`ws://127.0.0.1:${http.port}/jmap/ws`, [...protocols]);
    await Promise.race([once(socket, 'open'), refused(socket)]);
    assert.equal(socket.protocol, 'jmap');
    return new Socket(socket);
  };
  return {
    store,
    client,
    connect,
    send: (path) => fetch(`http://127.0.0.1:${http.port}${path}`),
    async [Symbol.asyncDispose]() {
      http.server.drain();
      await http[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

const echo = (id?: string, args: JsonObject = { hello: true }): JsonObject => ({
  '@type': 'Request',
  ...(id !== undefined && { id }),
  using: ['urn:ietf:params:jmap:core'],
  methodCalls: [['Core/echo', args, 'b3ff']],
});

async function append({ account }: TempStore): Promise<void> {
  await account.messages.append({ name: 'INBOX' }, [newMessage(['Subject: a'])]);
}

const typesOf = ({ changed }: JsonObject): string[] =>
  Object.values(changed as JsonObject).flatMap((types) => Object.keys(types as JsonObject));

test('web socket: the session announces it', async () => {
  await using store = await tempStore();
  const session = (await (await new JmapClient(store).send('/.well-known/jmap')).json()) as {
    capabilities: Record<string, JsonValue>;
  };
  const capability = session.capabilities['urn:ietf:params:jmap:websocket'];
  assert.deepEqual(capability, { url: 'ws://mail.example/jmap/ws', supportsPush: true });
});

test('web socket: requests are answered with their ids, errors as problem details', async () => {
  await using w = await world();
  using socket = await w.connect();
  socket.send(echo('R1'));
  const { sessionState, ...response } = await socket.next();
  assert.equal(typeof sessionState, 'string');
  assert.deepEqual(response, {
    '@type': 'Response',
    requestId: 'R1',
    methodResponses: [['Core/echo', { hello: true }, 'b3ff']],
  });
  socket.send(echo());
  assert.equal('requestId' in (await socket.next()), false);
  for (const [message, id, type] of [
    ['The quick brown fox', null, 'notJSON'],
    [{ id: 'R2', using: [], methodCalls: [] }, 'R2', 'notRequest'],
    [{ ...echo('R3'), using: ['urn:x'] }, 'R3', 'unknownCapability'],
  ] as const) {
    socket.send(message);
    const { '@type': kind, requestId, type: problem, status } = await socket.next();
    const want = ['RequestError', id, `urn:ietf:params:jmap:error:${type}`, 400];
    assert.deepEqual([kind, requestId, problem, status], want);
  }
});

test('web socket: changes are pushed when they are asked for, only of the types that are named', async () => {
  await using w = await world();
  using socket = await w.connect();
  await append(w.store);
  socket.send({ '@type': 'WebSocketPushEnable', dataTypes: ['Mailbox', 'Email'] });
  socket.send(echo());
  assert.equal((await socket.next())['@type'], 'Response');
  await append(w.store);
  const change = await socket.next();
  assert.equal(change['@type'], 'StateChange');
  assert.deepEqual(typesOf(change), ['Email', 'Mailbox']);
  socket.send({ '@type': 'WebSocketPushDisable' });
  socket.send(echo());
  assert.equal((await socket.next())['@type'], 'Response');
  await append(w.store);
  socket.send(echo());
  assert.equal((await socket.next())['@type'], 'Response');
  // What was missed comes at once.
  socket.send({ '@type': 'WebSocketPushEnable', dataTypes: null, pushState: change['pushState'] ?? null });
  const missed = await socket.next();
  assert.deepEqual(typesOf(missed), ['Email', 'EmailDelivery', 'Mailbox', 'Thread']);
  assert.notEqual(missed['pushState'], change['pushState']);
  // Enabled again in another way.
  socket.send({ '@type': 'WebSocketPushEnable', dataTypes: ['Thread'], pushState: missed['pushState'] ?? null });
  await append(w.store);
  assert.deepEqual(typesOf(await socket.next()), ['Thread']);
});

test('web socket: the limit of concurrent requests holds for HTTP and all sockets together', async () => {
  await using w = await world({ ...jmapLimits, maxConcurrentRequests: 1 });
  using first = await w.connect();
  using second = await w.connect();
  const gate = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const { emails } = w.store.account;
  const view = emails.view.bind(emails);
  emails.view = async () => {
    started.resolve();
    await gate.promise;
    return await view();
  };
  const accountId = `A${w.store.account.id}`;
  const using = ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail'];
  const slow = { ...echo('slow'), using, methodCalls: [['Email/query', { accountId }, '0']] };
  first.send(slow);
  await started.promise;
  second.send(echo('R1'));
  const { '@type': kind, requestId, limit } = await second.next();
  assert.deepEqual([kind, requestId, limit], ['RequestError', 'R1', 'maxConcurrentRequests']);
  const { body } = await w.client.post(JSON.stringify({ using: [], methodCalls: [] }));
  assert.equal(body['limit'], 'maxConcurrentRequests');
  gate.resolve();
  assert.equal((await first.next())['requestId'], 'slow');
  second.send(echo('R2'));
  assert.equal((await second.next())['requestId'], 'R2');
});

test('web socket: messages over the limit of requests are refused, larger ones end the connection', async () => {
  await using w = await world({ ...jmapLimits, maxSizeRequest: 1000 });
  using socket = await w.connect();
  socket.send(echo('R1', { text: 'x'.repeat(1000) }));
  assert.equal((await socket.next())['limit'], 'maxSizeRequest');
  socket.send('x'.repeat(11 * 2 ** 20));
  assert.equal(await socket.closed, 1009);
});

test('web socket: other subprotocols, and requests for none, are refused', async () => {
  await using w = await world();
  await assert.rejects(w.connect(['xmpp']));
  await assert.rejects(w.connect([]));
  const response = await w.send('/jmap/ws');
  assert.deepEqual([response.status, response.headers.get('Upgrade')], [426, 'websocket']);
});

test('web socket: ends with its login, and counts among the clients of its account', async () => {
  await using w = await world(jmapLimits, { maxAccountClients: 1 });
  using socket = await w.connect();
  socket.send(echo());
  await socket.next();
  assert.equal((await w.send('/jmap/events')).status, 429);
  w.client.logOut();
  assert.equal(await socket.closed, 1008);
});

test('web socket: ends when its account is removed', async () => {
  await using w = await world();
  using socket = await w.connect();
  socket.send({ '@type': 'WebSocketPushEnable', dataTypes: null });
  socket.send(echo());
  await socket.next();
  await w.store.accounts.remove('mara');
  assert.equal(await socket.closed, 1008);
});
