import { mailboxLimits } from './limits.ts';
import { MailboxRefusal } from './mailbox-refusal.ts';

/**
 * The one form of a mailbox name: NFC, `INBOX` in capitals as the first level in any case (RFC 9051 §5.1), one trailing `/` dropped (RFC 9051 §6.3.4).
 * @throws MailboxRefusal CANNOT for empty levels, control characters, unpaired surrogates and excessive lengths; `*`, `%` and `#` first
 * are refused because patterns and namespaces give them other meanings.
 */
export function normalizeMailboxName(given: string): string {
  // Asked for each delivery.
  if (given === 'INBOX') return given;
  if (given.length > mailboxLimits.maxNameBytes) throw tooLong();
  if (!given.isWellFormed()) throw new MailboxRefusal('CANNOT', 'mailbox name is not valid Unicode');
  const name = given.normalize('NFC').replace(/\/$/, '');
  if (new TextEncoder().encode(name).length > mailboxLimits.maxNameBytes) {
    throw tooLong();
  }
  // RFC 9051 §5.1: no control characters; U+2028 and U+2029 are line ends as well.
  if (/[\p{Cc}\u2028\u2029*%]/u.test(name)) throw new MailboxRefusal('CANNOT', 'mailbox name has forbidden characters');
  if (name.startsWith('#')) throw new MailboxRefusal('CANNOT', 'mailbox name must not start with #');
  const levels = name.split('/');
  if (levels.length > mailboxLimits.maxDepth) {
    throw new MailboxRefusal('CANNOT', `mailbox name has too many levels: the limit is ${mailboxLimits.maxDepth}`);
  }
  if (levels.some((level) => level === '' || level === '.' || level === '..')) {
    throw new MailboxRefusal('CANNOT', 'mailbox name has an empty or dotted level');
  }
  if (levels[0]?.toUpperCase() === 'INBOX') levels[0] = 'INBOX';
  return levels.join('/');
}

function tooLong(): MailboxRefusal {
  return new MailboxRefusal('CANNOT', `mailbox name is too long: the limit is ${mailboxLimits.maxNameBytes} bytes`);
}

/** Names of the mailboxes above a name, topmost first. */
export function parentsOf(name: string): string[] {
  const levels = name.split('/');
  return levels.slice(0, -1).map((_, i) => levels.slice(0, i + 1).join('/'));
}
