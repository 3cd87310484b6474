import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventStream } from '#server/http';
import { httpWorld, RawHttpClient } from '#testing/http-world';

test('HttpServer: server-sent events come as they are made, and end with the server', async () => {
  const second = Promise.withResolvers<void>();
  await using w = await httpWorld((_request, facts) =>
    Promise.resolve(
      eventStream(facts, async (send, ending) => {
        await send({ data: 'one' });
        await second.promise;
        await send({ data: 'two' });
        await new Promise((resolve) => ending.addEventListener('abort', resolve));
      }),
    ),
  );
  using client = new RawHttpClient(w.port);
  client.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await client.until(/data: one\n\n/);
  assert.doesNotMatch(client.text, /two/);
  second.resolve();
  await client.until(/data: two\n\n/);
  w.server.drain();
  await client.ended;
  assert.match(client.text, /\r\n0\r\n\r\n$/);
  assert.deepEqual(w.log.ofLevel('error'), []);
});
