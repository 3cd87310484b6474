import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventStream, type SendEvent } from './event-stream.ts';

const signals = () => ({ client: new AbortController(), server: new AbortController() });

test('eventStream: events in the form of EventSource', async () => {
  const { client, server } = signals();
  const response = eventStream({ signal: client.signal, stopping: server.signal }, async (send) => {
    await send({ event: 'state\nforged: x', id: '7', data: 'one\r\ntwo' });
    await send({ data: '' });
  });
  assert.equal(response.headers.get('Content-Type'), 'text/event-stream; charset=utf-8');
  assert.equal(await response.text(), ': connected\n\nevent: state\nid: 7\ndata: one\ndata: two\n\ndata: \n\n');
});

test('eventStream: events are made no faster than the client reads', async () => {
  const { client, server } = signals();
  let made = 0;
  const response = eventStream({ signal: client.signal, stopping: server.signal }, async (send) => {
    for (; made < 100; made += 1) await send({ data: 'x' });
  });
  for (let i = 0; i < 200; i += 1) await Promise.resolve();
  assert.ok(made <= 2, `${made}`);
  const text = await response.text();
  assert.deepEqual([made, text.match(/data: x/g)?.length], [100, 100]);
});

for (const [name, end] of [
  ['the client leaves', ({ client }: ReturnType<typeof signals>) => client.abort()],
  ['the server stops', ({ server }: ReturnType<typeof signals>) => server.abort()],
] as const) {
  test(`eventStream: when ${name}, the work ends and sends nothing more`, async () => {
    const both = signals();
    const ended = Promise.withResolvers<unknown>();
    let late: SendEvent | null = null;
    const response = eventStream({ signal: both.client.signal, stopping: both.server.signal }, (send, ending) => {
      late = send;
      ending.addEventListener('abort', () => ended.resolve(ending.reason));
      return new Promise(() => undefined);
    });
    end(both);
    await ended.promise;
    await assert.rejects((late as unknown as SendEvent)({ data: 'x' }), /ended/);
    if (name === 'the server stops') assert.equal(await response.text(), ': connected\n\n');
  });
}

test('eventStream: a failure of the work is an error of the body', async () => {
  const { client, server } = signals();
  const work = (): Promise<void> => Promise.reject(new Error('broken'));
  await assert.rejects(eventStream({ signal: client.signal, stopping: server.signal }, work).text(), /broken/);
});
