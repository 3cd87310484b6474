import { describeViolation } from '#lib/receivers';
import { reply } from '#lib/smtp';
import type { Check } from '#mail/story';
import type { CopyFacts, MessageFacts, SenderFacts } from './facts.ts';
import { inboundLimits } from './limits.ts';
import type { Delivered, Verdict } from './verdict.ts';

/** Decides about one copy of a message. Pure: equal facts give equal verdicts. */
export type InboundPolicy = (message: MessageFacts, copy: CopyFacts) => Verdict;

const noRuleBroken: Check = { name: 'receivers', result: 'pass', detail: null };

/** Delivers into INBOX all that is not in a loop, breaks no rule that was asked for, and has room. */
export const standardPolicy: InboundPolicy = ({ envelope, content }, { hasRoom }) => {
  const { maxReceivedFields } = inboundLimits;
  if (content.index.receivedCount > maxReceivedFields) {
    const text = `this message is in a loop: it has more than ${maxReceivedFields} Received fields`;
    return { kind: 'refuse', reply: reply(554, '5.4.6', text), explanation: null };
  }
  const [violation] = content.receivers ?? [];
  if (violation !== undefined) {
    return { kind: 'refuse', reply: reply(550, '5.6.0', describeViolation(violation)), explanation: null };
  }
  if (!hasRoom) {
    const full = reply(452, '4.2.2', 'the mailbox has no room for this message');
    return { kind: 'defer', reply: full, explanation: null };
  }
  return deliverTo('INBOX', {
    checks: content.receivers === null ? [senderCheck(envelope.sender)] : [senderCheck(envelope.sender), noRuleBroken],
  });
};

function senderCheck({ domain }: SenderFacts): Check {
  const name = 'sender';
  switch (domain.kind) {
    case 'nullPath':
      return { name, result: 'none', detail: 'the null reverse-path, as of notices' };
    case 'unchecked':
      return { name, result: 'none', detail: domain.reason };
    case 'own':
      return { name, result: 'pass', detail: 'a domain of ours' };
    case 'reachable':
      return { name, result: 'pass', detail: 'its domain can take mail' };
  }
}

/** Returns the verdict that delivers into a mailbox, plainly but for what is given. */
export function deliverTo(mailbox: string, given: Partial<Omit<Delivered, 'kind' | 'mailbox'>> = {}): Delivered {
  return {
    kind: 'deliver',
    mailbox,
    flags: 0,
    keywords: [],
    delayMs: 0,
    fields: '',
    checks: [],
    explanation: null,
    ...given,
  };
}
