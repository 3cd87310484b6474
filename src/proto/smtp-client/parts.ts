import { writeAddress } from '#lib/address';
import type { ServerLimits } from '#lib/smtp';
import { isTooMany } from './transaction.ts';
import type { OutgoingMail, RecipientOutcome } from './types.ts';

/**
 * Sends a message in as many transactions as the server requires: each keeps the announced limits (RFC 9422 §4.2, §4.3), and recipients
 * refused as too many are sent in another (RFC 5321 §4.5.3.1.10), as long as each transaction makes progress.
 * @returns one outcome per recipient, in their order.
 */
export async function sendInParts(
  mail: OutgoingMail,
  limits: ServerLimits,
  transact: (part: OutgoingMail) => Promise<readonly RecipientOutcome[]>,
): Promise<readonly RecipientOutcome[]> {
  const first = partOf(mail.recipients, limits);
  if (first === mail.recipients.length) {
    const outcomes = await transact(mail);
    if (!mayGoOn(outcomes) || !outcomes.some(isOneTooMany)) return outcomes;
    return await sendRest(mail, limits, transact, outcomes);
  }
  return await sendRest(mail, limits, transact, []);
}

type Transact = Parameters<typeof sendInParts>[2];

/** Sends the message to the recipients without a final outcome. @param known  Outcomes of the first recipients so far. */
async function sendRest(
  mail: OutgoingMail,
  limits: ServerLimits,
  transact: Transact,
  known: readonly RecipientOutcome[],
): Promise<readonly RecipientOutcome[]> {
  const outcomes: (RecipientOutcome | undefined)[] = mail.recipients.map((_, i) => known[i]);
  let waiting = [...outcomes.keys()].filter((i) => isWaiting(outcomes[i]));
  while (waiting.length > 0) {
    const left = waiting;
    const recipients = left.flatMap((i) => mail.recipients[i] ?? []);
    const size = partOf(recipients, limits);
    const found = await transact({ ...mail, recipients: recipients.slice(0, size) });
    for (const [k, outcome] of found.entries()) outcomes[left[k] ?? -1] = outcome;
    const rest = left.slice(size);
    const tooMany = left.slice(0, size).filter((_, k) => isOneTooMany(found[k]));
    const [one] = found;
    if (mayGoOn(found)) waiting = [...tooMany, ...rest];
    else if (one === undefined || !isAboutAll(one)) waiting = rest;
    else {
      for (const i of rest) outcomes[i] ??= one;
      waiting = [];
    }
  }
  return outcomes.flatMap((outcome) => outcome ?? []);
}

function isWaiting(outcome: RecipientOutcome | undefined): boolean {
  return outcome === undefined || isOneTooMany(outcome);
}

/** Reports whether a recipient was accepted, so that another transaction may succeed for others. */
function mayGoOn(outcomes: readonly RecipientOutcome[]): boolean {
  return outcomes.some(({ kind }) => kind === 'accepted');
}

/** Reports whether the failure would affect the other recipients as well. */
function isAboutAll(outcome: RecipientOutcome): boolean {
  return outcome.kind === 'failed' || (outcome.kind === 'refused' && outcome.stage !== 'rcpt');
}

function isOneTooMany(outcome: RecipientOutcome | undefined): boolean {
  return outcome?.kind === 'refused' && outcome.stage === 'rcpt' && isTooMany(outcome.reply);
}

/** Counts how many of these fit into one transaction; at least one. */
function partOf(recipients: OutgoingMail['recipients'], { rcptMax, rcptDomainMax }: ServerLimits): number {
  const most = Math.min(recipients.length, rcptMax ?? recipients.length);
  if (rcptDomainMax === null) return most;
  const domains = new Set<string>();
  for (const [i, { address }] of recipients.entries()) {
    if (i === most) break;
    domains.add(domainText(address));
    if (domains.size > rcptDomainMax) return i;
  }
  return most;
}

function domainText(address: OutgoingMail['recipients'][number]['address']): string {
  if (address === 'postmaster') return '';
  const text = writeAddress(address, 'ascii');
  return text.slice(text.lastIndexOf('@') + 1).toLowerCase();
}
