import assert from 'node:assert/strict';
import { test } from 'node:test';
import { channelPair } from '#testing/channel-pair';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { FakeLoop } from '#testing/fake-loop';
import { FakeSmtpBackend } from '#testing/fake-smtp-backend';
import { SmtpSession } from './index.ts';

for (const [title, text, answered] of [
  ['commands', 'NOOP\r\n'.repeat(5000), 100],
  ['chunks that are refused', 'BDAT 1\r\nx'.repeat(5000), 19],
  [
    'chunks that are taken',
    `EHLO c.example\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.org>\r\n${'BDAT 1\r\nx'.repeat(5000)}`,
    503,
  ],
] as const) {
  test(`SmtpSession lets others have their turn between ${title} that were sent ahead, and ends a flood of them`, async () => {
    const { client, server } = channelPair();
    const loop = new FakeLoop();
    await client.write(new TextEncoder().encode(text));
    client.endWriting();
    await new SmtpSession({
      loop,
      channel: server,
      backend: new FakeSmtpBackend(),
      options: {
        kind: 'mx',
        hostname: 'mx.example',
        startTls: false,
        authWithoutTls: false,
        mailNeedsTls: false,
        dsn: false,
        futureRelease: false,
        requireTls: false,
        pedantic: false,
      },
      clock: new FakeClock(),
      log: new FakeLog(),
      random: { bytes: (count) => new Uint8Array(count) },
      id: 'x',
    }).run();
    let said = '';
    for (let chunk = await client.read(1000); chunk !== null; chunk = await client.read(1000)) {
      said += new TextDecoder().decode(chunk);
    }
    const replies = said.match(/^\d{3} /gm) ?? [];
    // The banner and the 421 are not among the answered.
    assert.equal(replies.length - 2, answered);
    assert.equal(replies.at(-1), '421 ');
    assert.ok(loop.pauses >= answered - 1, `${loop.pauses}`);
  });
}
