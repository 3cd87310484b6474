import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deferred, delivered } from '#testing/queue-world';
import type { DeliveryOutcome } from './index.ts';
import { refusesAddress } from './refused-address.ts';

function refusal(
  code: number,
  enhanced: string | null,
  text: string,
  stage?: 'mail' | 'rcpt' | 'data',
): DeliveryOutcome {
  const remote = { name: 'mx.example.net', ip: '192.0.2.1' };
  return {
    kind: 'refused',
    reason: text,
    reply: { code, enhanced, text },
    status: enhanced ?? '5.0.0',
    remote,
    ...(stage && { stage }),
  };
}

test('refusesAddress: by enhanced code, else by code and text', () => {
  const rows: readonly (readonly [boolean, number, string | null, string])[] = [
    [true, 550, '5.1.1', 'The email account that you tried to reach does not exist.'],
    [true, 550, '5.1.1', 'blocked'],
    [true, 554, '5.1.2', ''],
    [true, 550, '5.1.0', 'Address rejected.'],
    [true, 550, '5.1.10', 'RESOLVER.ADR.RecipientNotFound'],
    [true, 550, '5.2.1', 'The email account that you tried to reach is disabled.'],
    [false, 550, '5.1.0', 'Sender rejected'],
    [false, 553, '5.1.2', 'domain of sender address is unknown'],
    [
      false,
      550,
      '5.2.1',
      'The user you are trying to contact is receiving mail at a rate that prevents additional messages',
    ],
    [false, 550, '5.1.7', 'bad sender address'],
    [false, 550, '5.1.8', "sender's domain not found"],
    [false, 552, '5.2.2', 'mailbox full'],
    [false, 550, '5.7.1', 'no such user'],
    [false, 550, '5.0.0', 'no such user'],
    [false, 550, '5.1.100', 'no such user'],
    [true, 550, null, 'Unknown user'],
    [true, 550, null, 'Requested action not taken: mailbox unavailable'],
    [true, 551, null, 'User not local'],
    [true, 553, null, 'sorry, no mailbox here by that name'],
    [false, 554, null, 'no such user'],
    [false, 550, null, 'relay not permitted'],
    [false, 550, null, 'Sender verify failed for this address'],
    [false, 550, null, 'Your IP address is listed by a DNSBL'],
    [false, 550, null, 'Recipient address rejected: Access denied'],
    [false, 550, null, 'Administrative prohibition'],
    [false, 550, null, 'Message rejected'],
  ];
  for (const [expected, code, enhanced, text] of rows) {
    const outcome = refusal(code, enhanced, text);
    assert.equal(refusesAddress(outcome, [outcome, delivered]), expected, `${code} ${enhanced} ${text}`);
  }
});

test('refusesAddress: not without the words of a host, not for now, and not when all were told the same', () => {
  const unreached: DeliveryOutcome = {
    kind: 'refused',
    reason: 'no such domain',
    reply: null,
    status: '5.1.2',
    remote: null,
  };
  const failed: DeliveryOutcome = { ...unreached, reply: { code: 550, enhanced: '5.1.1', text: 'no' } };
  for (const outcome of [unreached, failed, deferred, delivered])
    assert.equal(refusesAddress(outcome, [outcome]), false);
  const one = refusal(550, null, 'Unknown user');
  assert.equal(refusesAddress(one, [one, refusal(550, null, 'Unknown user')]), false);
  assert.equal(refusesAddress(one, [one, refusal(550, null, 'Unknown user b')]), true);
  const vague = refusal(550, '5.1.0', 'no');
  assert.deepEqual([refusesAddress(vague, [vague]), refusesAddress(vague, [vague, vague])], [true, false]);
  const clear = refusal(550, '5.1.1', 'no');
  assert.equal(refusesAddress(clear, [clear, clear]), true);
});

test('refusesAddress: by what the host answered', () => {
  const vague = 'Unknown user';
  for (const [stage, enhanced, alone, amongSame] of [
    ['mail', null, false, false],
    ['mail', '5.1.0', false, false],
    ['mail', '5.1.1', false, false],
    ['rcpt', null, true, true],
    ['rcpt', '5.1.0', true, true],
    ['rcpt', '5.1.1', true, true],
    ['rcpt', '5.7.1', false, false],
    ['data', null, true, false],
    ['data', '5.1.0', true, false],
    ['data', '5.1.1', true, false],
    [undefined, null, true, false],
    [undefined, '5.1.1', true, true],
  ] as const) {
    const outcome = refusal(550, enhanced, vague, stage);
    const what = `${stage} ${enhanced}`;
    assert.equal(refusesAddress(outcome, [outcome, delivered]), alone, what);
    assert.equal(refusesAddress(outcome, [outcome, refusal(550, enhanced, vague, stage)]), amongSame, what);
  }
});
