import { mailboxLimits } from './limits.ts';
import { MailboxRefusal } from './mailbox-refusal.ts';

/**
 * Normalizes a mailbox name: NFC, a first level `INBOX` of any case in capitals (RFC 9051 §5.1), one trailing `/` removed (RFC 9051 §6.3.4).
 * @throws MailboxRefusal CANNOT for empty levels, control characters, unpaired surrogates and excessive lengths, and for `*`, `%` and a leading
 * `#`, which have other meanings in patterns and namespaces.
 */
export function normalizeMailboxName(given: string): string {
  // Fast path for deliveries.
  if (given === 'INBOX') return given;
  if (given.length > mailboxLimits.maxNameBytes) throw tooLong();
  if (!given.isWellFormed()) throw new MailboxRefusal('CANNOT', 'mailbox name is not valid Unicode');
  const name = given.normalize('NFC').replace(/\/$/, '');
  if (new TextEncoder().encode(name).length > mailboxLimits.maxNameBytes) {
    throw tooLong();
  }
  // RFC 9051 §5.1 forbids control characters; U+2028 and U+2029 are line ends as well.
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

/** Returns the names of the mailboxes above a name, topmost first. */
export function parentsOf(name: string): string[] {
  const levels = name.split('/');
  return levels.slice(0, -1).map((_, i) => levels.slice(0, i + 1).join('/'));
}
