import assert from 'node:assert/strict';
import { test } from 'node:test';
import { postmasterAt } from '#lib/address';
import { reply } from '#lib/smtp';
import type { DeliveryResult } from '#mail/delivery';
import { ConditionError } from '#ports/conditions';
import { conclude, deliverTo, type AcceptedRecipient, type Verdict } from './index.ts';
import type { JudgedCopy } from './conclude.ts';

interface Copy extends JudgedCopy {
  readonly name: string;
}

const verdicts: Readonly<Record<string, Verdict>> = {
  deliver: deliverTo('INBOX'),
  defer: { kind: 'defer', reply: reply(452, '4.2.2', 'full'), explanation: 'no room' },
  refuse: { kind: 'refuse', reply: reply(550, '5.7.1', 'no'), explanation: 'a rule of the account' },
};
const results: Readonly<Record<string, DeliveryResult>> = {
  ok: { kind: 'delivered' },
  gone: { kind: 'noAccount' },
  broken: { kind: 'failed', error: new Error('bug') },
  full: { kind: 'failed', error: new ConditionError('diskFull', '/data') },
};

/** `a deliver ok, b defer, team:c refuse`: copies with their verdicts and results; those behind a colon are members of an alias. */
function copiesOf(text: string): Copy[] {
  const recipients = new Map<string, AcceptedRecipient>();
  return text.split(', ').map((one) => {
    const [whole = '', verdict = '', result = ''] = one.split(' ');
    const [to = '', member] = whole.split(':');
    const address = postmasterAt(`${to}.example`);
    const recipient = recipients.get(to) ?? { address, accounts: [], isAlias: member !== undefined, fromId: null };
    recipients.set(to, recipient);
    const judged = verdicts[verdict];
    assert.ok(judged !== undefined);
    return { name: member ?? to, recipient, verdict: judged, result: results[result] ?? null };
  });
}

/** `delivered a | later b | refused c`, or why nothing was delivered. */
function shown(copies: readonly Copy[]): string {
  const conclusion = conclude(copies);
  switch (conclusion.kind) {
    case 'accepted':
      return (['delivered', 'later', 'refused'] as const)
        .filter((key) => conclusion[key].length > 0)
        .map((key) => `${key} ${conclusion[key].map(({ name }) => name).join(' ')}`)
        .join(' | ');
    case 'failed':
      return `failed: ${conclusion.error?.kind ?? 'no cause'}`;
    case 'declined':
      return `${conclusion.reply.code}: ${conclusion.explanation}`;
  }
}

for (const [given, want] of [
  ['a deliver ok', 'delivered a'],
  ['a deliver ok, b deliver ok', 'delivered a b'],
  // After one delivery nothing is answered 4yz: the rest is ours.
  ['a deliver ok, b deliver broken', 'delivered a | later b'],
  ['a deliver ok, b deliver gone', 'delivered a | later b'],
  ['a deliver ok, b defer', 'delivered a | later b'],
  ['a deliver ok, b refuse', 'delivered a | refused b'],
  ['a deliver ok, b defer, c refuse, d deliver full', 'delivered a | later b d | refused c'],
  // A list has reached some member.
  ['team:a deliver ok, team:b defer', 'delivered a'],
  ['team:a deliver ok, team:b refuse', 'delivered a'],
  ['team:a deliver ok, team:b deliver broken', 'delivered a | later b'],
  ['a deliver ok, team:b defer, team:c refuse', 'delivered a | later b | refused c'],
  // Nothing delivered: the client has it still.
  ['a deliver broken', 'failed: no cause'],
  ['a deliver gone', 'failed: no cause'],
  ['a deliver full, b deliver broken', 'failed: diskFull'],
  ['a deliver full, b refuse, c defer', 'failed: diskFull'],
  ['a defer', '452: no room'],
  ['a refuse', '550: a rule of the account'],
  ['a refuse, b defer', '452: no room'],
  ['a refuse, b refuse', '550: a rule of the account'],
] as const) {
  test(`conclude: ${given}`, () => assert.equal(shown(copiesOf(given)), want));
}
