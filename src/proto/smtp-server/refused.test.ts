import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeAddress } from '#lib/address';
import { FakeSmtpBackend } from '#testing/fake-smtp-backend';
import { converse } from '#testing/smtp-conversation';
import type { RefusedMail, SessionFacts } from './index.ts';

/** A backend that keeps a record of what was refused. */
class RecordingBackend extends FakeSmtpBackend {
  readonly records: string[] = [];

  refused(facts: SessionFacts, { stage, from, recipients, reply }: RefusedMail): void {
    const to = recipients.map((one) => (one === 'postmaster' ? one : writeAddress(one, 'ascii')));
    const sender = from === null ? '' : writeAddress(from, 'ascii');
    this.records.push(`${facts.id} ${stage} <${sender}> [${to.join(' ')}] ${reply.code}`);
  }
}

async function recordsOf(lines: readonly string[]): Promise<readonly string[]> {
  const backend = new RecordingBackend();
  const options = { hostname: 'mx.example.org', pedantic: true, limits: { maxMessageBytes: 100 } };
  await converse(backend, ['EHLO a.example', ...lines], { options });
  return backend.records;
}

const [from, to, long] = ['MAIL FROM:<s@a.example>', 'RCPT TO:<r@b.example>', 'x'.repeat(120)];

for (const [title, lines, want] of [
  ['nothing was refused', [from, to, 'DATA', 'hello', '.'], []],
  ['a sender', ['MAIL FROM:<nobody@a.example>'], ['cid MAIL <nobody@a.example> [] 550']],
  ['a size', ['MAIL FROM:<> SIZE=1000'], ['cid MAIL <> [] 552']],
  [
    'recipients, one by a bug; DATA without any says nothing new',
    [from, 'RCPT TO:<later@b.example>', 'RCPT TO:<crash@b.example>', 'DATA'],
    ['cid RCPT <s@a.example> [later@b.example] 451', 'cid RCPT <s@a.example> [crash@b.example] 451'],
  ],
  ['DATA', [from, 'RCPT TO:<nodata@b.example>', 'DATA'], ['cid DATA <s@a.example> [nodata@b.example] 554']],
  [
    'content that is too large, for all its recipients',
    [from, to, 'RCPT TO:<Postmaster>', 'DATA', long, '.'],
    ['cid DATA <s@a.example> [r@b.example postmaster] 552'],
  ],
  [
    'content, by its end',
    [from, 'RCPT TO:<badfinish@b.example>', 'DATA', 'x', '.'],
    ['cid DATA <s@a.example> [badfinish@b.example] 451'],
  ],
  ['a line end', [from, to, 'DATA', 'a\nb', '.'], ['cid DATA <s@a.example> [r@b.example] 500']],
  ['a chunk', [from, to, 'BDAT 122', long, 'BDAT 0 LAST'], ['cid DATA <s@a.example> [r@b.example] 552']],
  ['what is about no mail', ['HELP me', 'NONSENSE', 'RCPT TO:<r@b.example>', 'MAIL nonsense'], []],
] as const) {
  test(`SmtpSession tells its Backend what was refused: ${title}`, async () => {
    assert.deepEqual(await recordsOf(lines), want);
  });
}
