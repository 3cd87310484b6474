import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseForwardPath, parsePath } from '#lib/address';
import { sendByNeed } from './smtputf8.ts';
import type { OutgoingMail } from './types.ts';

function mailOf(from: string, to: readonly string[], smtputf8 = false): OutgoingMail {
  const path = parsePath(from);
  assert.ok(path.ok);
  const recipients = to.map((text) => {
    const parsed = parseForwardPath(text);
    assert.ok(parsed.ok, text);
    return { address: parsed.value };
  });
  const content = async function* (): AsyncGenerator<Uint8Array> {};
  return { from: path.value, recipients, sizeBytes: 0, eightBit: false, smtputf8, requireTls: false, content };
}

for (const [what, mail, isOffered, wantSent, want] of [
  [
    'all at once where it is offered',
    mailOf('<ü@x.example>', ['<ä@x.example>', '<b@x.example>']),
    true,
    2,
    'accepted accepted',
  ],
  [
    'all at once where nothing needs it',
    mailOf('<a@bücher.example>', ['<b@x.example>', '<postmaster>']),
    false,
    2,
    'accepted accepted',
  ],
  [
    'the others, where only some recipients need it',
    mailOf('<>', ['<ä@x.example>', '<b@x.example>', '<ö@x.example>']),
    false,
    1,
    'smtputf8 accepted smtputf8',
  ],
  ['no recipient, where all recipients need it', mailOf('<>', ['<ä@x.example>']), false, 0, 'smtputf8'],
  ['no recipient, where the sender needs it', mailOf('<ü@x.example>', ['<b@x.example>']), false, 0, 'smtputf8'],
  ['no recipient, where the header needs it', mailOf('<a@x.example>', ['<b@x.example>'], true), false, 0, 'smtputf8'],
] as const) {
  test(`sendByNeed sends to ${what}`, async () => {
    let sent = 0;
    const outcomes = await sendByNeed(mail, isOffered, async ({ recipients }) => {
      sent += recipients.length;
      return recipients.map(() => ({ kind: 'accepted', reply: { code: 250, enhanced: null, lines: [] } }));
    });
    assert.equal(sent, wantSent);
    assert.equal(
      outcomes.map((outcome) => (outcome.kind === 'failed' ? outcome.failure : outcome.kind)).join(' '),
      want,
    );
  });
}
