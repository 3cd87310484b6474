import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventStream } from '#server/http';
import { httpWorld, RawHttpClient } from '#testing/http-world';

test('HttpServer: server-sent events come as they are made, and end with the server', async () => {
  const opened = Promise.withResolvers<EventStream>();
  await using w = await httpWorld((_request, facts) => {
    const stream = new EventStream(facts, { onRoom: () => undefined, onEnd: () => undefined });
    opened.resolve(stream);
    return Promise.resolve(stream.response);
  });
  using client = new RawHttpClient(w.port);
  client.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await client.until(/: connected\n\n/);
  const stream = await opened.promise;
  for (const data of ['one', 'two']) {
    assert.ok(stream.send({ data }));
    await client.until(new RegExp(`data: ${data}\n\n`));
  }
  w.server.drain();
  await client.ended;
  assert.match(client.text, /\r\n0\r\n\r\n$/);
  assert.deepEqual(w.log.ofLevel('error'), []);
});
