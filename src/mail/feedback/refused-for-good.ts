import type { ParsedDsnRecipient } from '#lib/dsn';
import { refusesAddress, type DeliveryOutcome } from '#mail/queue';

/**
 * Whether a report says that the address is bad, by the same rules as a refusal that we hear ourselves: mail that was refused for what it is (policy,
 * spam, size), mailboxes that are full, and mail that was given up after trouble on the way are failures, but tell nothing about the address.
 */
export function isRefusedForGood({
  action,
  status,
  smtpCode,
  smtpStatus,
  diagnostic,
  remoteMta,
}: Omit<ParsedDsnRecipient, 'finalRecipient' | 'originalRecipient'>): boolean {
  if (action !== 'failed' || (smtpCode === null && status === null)) return false;
  // The words of the host that refused are more exact than what the reporting server made of them, which says nothing if it ends so.
  const summary = status === null || status.endsWith('.0.0') ? null : status;
  const enhanced = smtpStatus ?? summary;
  if ([status, enhanced].some((one) => one?.startsWith('4.') === true)) return false;
  const reply = { code: smtpCode ?? 550, enhanced, text: diagnostic ?? '' };
  // Some host said so, whichever it was.
  const remote = { name: remoteMta ?? '', ip: null };
  const outcome: DeliveryOutcome = { kind: 'refused', reason: reply.text, reply, status: '5.0.0', remote };
  return refusesAddress(outcome, [outcome]);
}
