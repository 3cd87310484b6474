import type { ParsedDsnRecipient } from '#lib/dsn';

/** RFC 3463 §3.2, §3.3, and RFC 7505 §4: the address does not exist, cannot exist, has moved, takes no mail, or is switched off. */
const ofAddress = new Set(['1.1', '1.2', '1.3', '1.6', '1.10', '2.1']);

/** RFC 5321 §4.2.3 and RFC 7504: mailbox unavailable, user not local, name not allowed, host or domain takes no mail. */
const codesOfAddress = new Set([521, 550, 551, 553, 556]);

/**
 * Whether a report says of an address that there is no use in ever trying again. Mail that was refused for what it is (policy, spam, size), mailboxes
 * that are full, and mail that was given up after trouble on the way are failures, but tell nothing about the address.
 */
export function isRefusedForGood({
  action,
  status,
  smtpCode,
  smtpStatus,
}: Pick<ParsedDsnRecipient, 'action' | 'status' | 'smtpCode' | 'smtpStatus'>): boolean {
  if (action !== 'failed') return false;
  // The words of the host that refused are more exact than what the reporting server made of them.
  const [kind, ...rest] = (smtpStatus ?? status ?? '').split('.');
  if (kind === '4') return false;
  const detail = rest.join('.');
  if (detail !== '' && detail !== '0.0') return ofAddress.has(detail);
  return smtpCode !== null && codesOfAddress.has(smtpCode);
}
