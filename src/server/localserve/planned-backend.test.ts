import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '#testing/fake-clock';
import { FakeSmtpBackend } from '#testing/fake-smtp-backend';
import { converse } from '#testing/smtp-conversation';
import { PlannedBackend } from './planned-backend.ts';

/** Brings one message. @returns the replies after that to EHLO, and the Backend behind the decorator. */
async function bring(from: string, to: string, shutdown = new AbortController()): Promise<[string[], FakeSmtpBackend]> {
  const behind = new FakeSmtpBackend();
  const clock = new FakeClock();
  const backend = new PlannedBackend(behind, { clock, shutdown: shutdown.signal });
  const lines = ['HELO c.example', `MAIL FROM:<${from}>`, `RCPT TO:<${to}>`, 'DATA', 'Subject: x', '', 'x', '.'];
  const heard = await converse(backend, lines, { clock });
  return [heard.split('\r\n').slice(2, -1), behind];
}

for (const [from, to, want, stored] of [
  ['a@b.example', 'c@d.example', /^250 .*\n250 .*\n354 .*\n250 2\.2\.0 accepted/, 1],
  ['mailfrom452@b.example', 'c@d.example', /^452 4\.0\.0 /, 0],
  ['a@b.example', 'rcptto550@d.example', /^250 .*\n550 5\.0\.0 /, 0],
  ['a@b.example', 'permerror@d.example', /^250 .*\n250 .*\n354 .*\n550 5\.0\.0 /, 0],
  ['a@b.example', 'queue550@d.example', /\n250 2\.2\.0 accepted/, 1],
  ['permerror@b.example', 'Postmaster', /\n250 2\.2\.0 accepted/, 1],
] as const) {
  test(`PlannedBackend: from ${from} to ${to}`, async () => {
    const [answers, behind] = await bring(from, to);
    assert.match(answers.join('\n'), want);
    assert.equal(behind.messages.length, stored);
    assert.deepEqual([behind.openHandlers, behind.closes], [0, 1]);
  });
}

test('PlannedBackend: a timeout does not hold up a server that stops', async () => {
  const stopping = new AbortController();
  stopping.abort(new Error('shutting down'));
  const [answers, behind] = await bring('a@b.example', 'timeout@d.example', stopping);
  assert.match(answers.at(-1) ?? '', /^421 4\.4\.2 timeout asked for by the address/);
  assert.deepEqual([behind.messages.length, behind.openHandlers], [0, 0]);
});
