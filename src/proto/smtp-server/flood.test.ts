import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Channel } from '#ports/channel';
import { channelPair } from '#testing/channel-pair';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { FakeLoop } from '#testing/fake-loop';
import { FakeSmtpBackend } from '#testing/fake-smtp-backend';
import { plainOptions } from '#testing/smtp-conversation';
import { SmtpSession } from './index.ts';
import { defaultSessionLimits } from './limits.ts';

/** A session over a channel, with a loop that pauses at every question. */
function sessionOn(channel: Channel, loop: FakeLoop, clock = new FakeClock()): SmtpSession {
  return new SmtpSession({
    loop,
    channel,
    backend: new FakeSmtpBackend(),
    options: plainOptions,
    clock,
    log: new FakeLog(),
    random: { bytes: (count) => new Uint8Array(count) },
    id: 'x',
  });
}

for (const [title, text, answered, pauses] of [
  ['commands', 'NOOP\r\n'.repeat(5000), 100, 75],
  ['chunks that are refused', 'BDAT 1\r\nx'.repeat(5000), 19, 14],
  [
    'chunks that are taken',
    `EHLO c.example\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.org>\r\n${'BDAT 1\r\nx'.repeat(5000)}`,
    503,
    375,
  ],
] as const) {
  test(`SmtpSession yields to others between ${title} that were sent ahead, and ends a flood of them`, async () => {
    const { client, server } = channelPair();
    const loop = new FakeLoop();
    await client.write(new TextEncoder().encode(text));
    client.endWriting();
    const clock = new FakeClock();
    const began = clock.monotonic();
    const ended = new AbortController();
    const run = sessionOn(server, loop, clock)
      .run()
      .finally(() => ended.abort());
    while (!ended.signal.aborted) await clock.advance(defaultSessionLimits.wasteMs);
    await run;
    let said = '';
    for (let chunk = await client.read(1000); chunk !== null; chunk = await client.read(1000)) {
      said += new TextDecoder().decode(chunk);
    }
    const replies = said.match(/^\d{3} /gm) ?? [];
    // The banner and the 421 are not among the answered.
    assert.equal(replies.length - 2, answered);
    assert.equal(replies.at(-1), '421 ');
    assert.ok(loop.pauses >= answered / 4, `${loop.pauses}`);
    // After a quarter of the limit each command waits, so that a flood takes the flooder's time and not ours.
    const tookMs = clock.monotonic() - began;
    assert.ok(tookMs >= pauses * defaultSessionLimits.wasteMs, `${tookMs}`);
  });
}

test('SmtpSession: replies to commands that were sent ahead leave together, with pauses between the commands', async () => {
  const { client, server } = channelPair();
  const loop = new FakeLoop();
  await client.write(
    new TextEncoder().encode('EHLO c.example\r\nMAIL FROM:<a@example.net>\r\nRSET\r\nNOOP\r\nQUIT\r\n'),
  );
  const written: string[] = [];
  const write: Channel['write'] = (bytes, ...rest) => {
    written.push(new TextDecoder().decode(bytes));
    return server.write(bytes, ...rest);
  };
  const channel = new Proxy(server, {
    get: (target, key) => {
      if (key === 'write') return write;
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  await sessionOn(channel, loop).run();
  assert.ok(loop.pauses >= 4, `${loop.pauses}`);
  assert.deepEqual(
    written.map((text) => text.match(/^\d{3} /gm)),
    [['220 '], ['250 ', '250 ', '250 ', '250 ', '221 ']],
  );
});
