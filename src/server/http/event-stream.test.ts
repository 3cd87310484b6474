import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventStream } from './event-stream.ts';

/** Opens a stream, whose calls of its user are counted. */
function opened(stopping = new AbortController().signal, onRoom: (stream: EventStream) => void = () => undefined) {
  const calls = { ends: 0, rooms: 0 };
  const stream: EventStream = new EventStream(
    { stopping },
    {
      onRoom: () => {
        calls.rooms += 1;
        onRoom(stream);
      },
      onEnd: () => (calls.ends += 1),
    },
  );
  return { stream, calls };
}

test('EventStream: events in the form of EventSource', async () => {
  const { stream, calls } = opened();
  assert.equal(stream.response.headers.get('Content-Type'), 'text/event-stream; charset=utf-8');
  const reader = stream.response.body?.pipeThrough(new TextDecoderStream()).getReader() ?? assert.fail();
  assert.equal((await reader.read()).value, ': connected\n\n');
  assert.ok(stream.send({ event: 'state\nforged: x', id: '7', data: 'one\r\ntwo' }));
  assert.equal((await reader.read()).value, 'event: state\nid: 7\ndata: one\ndata: two\n\n');
  assert.ok(stream.send({ data: '' }));
  stream.end();
  assert.equal((await reader.read()).value, 'data: \n\n');
  assert.deepEqual([(await reader.read()).done, calls], [true, { ends: 1, rooms: 0 }]);
  assert.equal(stream.send({ data: 'late' }), false);
});

test('EventStream: a client that does not read is sent nothing more, and its user hears when it reads on', async () => {
  const { stream, calls } = opened(undefined, (one) => one.send({ data: 'latest' }));
  let sent = 0;
  for (let i = 0; i < 100; i += 1) sent += Number(stream.send({ data: 'x' }));
  assert.ok(sent <= 1, `${sent}`);
  const reader = stream.response.body?.pipeThrough(new TextDecoderStream()).getReader() ?? assert.fail();
  let text = '';
  while (!text.includes('latest')) text += (await reader.read()).value ?? assert.fail('the stream ended');
  assert.deepEqual([calls, text.split('data: x').length - 1], [{ ends: 0, rooms: 1 }, sent]);
});

test('EventStream: when the client leaves, its user hears once and nothing more is sent', async () => {
  const { stream, calls } = opened();
  await stream.response.body?.cancel();
  assert.equal(stream.send({ data: 'x' }), false);
  stream.end();
  assert.equal(calls.ends, 1);
});

for (const isLate of [false, true]) {
  test(`EventStream: a server that ${isLate ? 'has stopped' : 'stops'} ends the response`, async () => {
    const server = new AbortController();
    if (isLate) server.abort();
    const { stream, calls } = opened(server.signal);
    server.abort();
    assert.equal(await stream.response.text(), ': connected\n\n');
    assert.equal(calls.ends, 1);
  });
}
