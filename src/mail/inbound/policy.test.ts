import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MimeIndexer } from '#lib/mime';
import { showReply } from '#lib/smtp';
import { bodyOfBytes } from '#mail/content';
import { standardPolicy, type MessageFacts, type SenderFacts } from './index.ts';

const recipient = { address: 'postmaster' as const, accounts: ['ann'], isAlias: false, fromId: null };

interface Given {
  readonly sender?: SenderFacts['domain'];
  readonly receivers?: MessageFacts['content']['receivers'];
  readonly receivedFields?: number;
  readonly hasRoom?: boolean;
}

function judged({
  sender = { kind: 'reachable' },
  receivers = null,
  receivedFields = 1,
  hasRoom = true,
}: Given): string {
  const bytes = new TextEncoder().encode(`${'Received: x\r\n'.repeat(receivedFields)}Subject: x\r\n\r\nx\r\n`);
  const indexer = new MimeIndexer();
  indexer.push(bytes);
  const content = { body: bodyOfBytes(bytes), index: indexer.finish(), receivers, notice: null };
  const envelope = { remoteIp: '192.0.2.1', helo: 'far.example', from: null, sender: { domain: sender } };
  const verdict = standardPolicy({ envelope, content }, { recipient, account: 'ann', hasRoom });
  if (verdict.kind !== 'deliver') return `${verdict.kind} ${showReply(verdict.reply)}`;
  const { mailbox, flags, keywords, delayMs, fields, explanation } = verdict;
  assert.deepEqual([flags, keywords, delayMs, fields, explanation], [0, [], 0, '', null]);
  const checks = verdict.checks.map(
    ({ name, result, detail }) => `${name} ${result}${detail === null ? '' : `: ${detail}`}`,
  );
  return `${mailbox}, ${checks.join(', ')}`;
}

for (const [title, given, want] of [
  ['ordinary mail', {}, 'INBOX, sender pass: its domain can take mail'],
  ['a notice', { sender: { kind: 'nullPath' } }, 'INBOX, sender none: the null reverse-path, as of notices'],
  ['a sender of ours', { sender: { kind: 'own' } }, 'INBOX, sender pass: a domain of ours'],
  ['an unchecked sender', { sender: { kind: 'unchecked', reason: 'why' } }, 'INBOX, sender none: why'],
  ['no rule broken', { receivers: [] }, 'INBOX, sender pass: its domain can take mail, receivers pass'],
  [
    'a broken rule',
    { receivers: [{ rule: 'bareLf', detail: 'a line ends with LF' }], hasRoom: false },
    /^refuse 550 5\.6\.0 a line ends with LF/,
  ],
  ['100 Received fields', { receivedFields: 100 }, 'INBOX, sender pass: its domain can take mail'],
  [
    'a loop',
    { receivedFields: 101, hasRoom: false },
    /^refuse 554 5\.4\.6 this message is in a loop: it has more than 100/,
  ],
  ['no room', { hasRoom: false }, 'defer 452 4.2.2 the mailbox has no room for this message'],
] as const) {
  test(`standardPolicy: ${title}`, () => {
    if (typeof want === 'string') assert.equal(judged(given), want);
    else assert.match(judged(given), want);
  });
}
