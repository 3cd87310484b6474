import { noMailboxName } from '#lib/imap';
import { No } from './refusal.ts';

const maxNameLength = 512;
const maxLevels = 32;
// oxlint-disable-next-line no-control-regex -- control characters are what is refused
const forbidden = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/u;
const noControls = 'mailbox names have no control characters';

/**
 * Returns the name under which a mailbox may be created: NFC (RFC 9051 §5.1), INBOX as first level in capitals, one trailing delimiter
 * dropped (RFC 9051 §6.3.4).
 * @throws No CANNOT for names that clients could not show or that clash with namespaces.
 */
export function creatableName(given: string): string {
  const trimmed = given.endsWith('/') ? given.slice(0, -1) : given;
  const name = knownName(trimmed);
  const levels = name.split('/');
  if (levels.some((level) => level === '' || level === '.' || level === '..')) {
    throw new No('CANNOT', 'mailbox names have no empty, "." or ".." levels');
  }
  // RFC 9051 §5.1: servers MAY refuse names with Unicode control characters, and MUST prohibit those that are not Net-Unicode.
  if (forbidden.test(name)) throw new No('CANNOT', noControls);
  // RFC 9051 §5.1: names that begin with "#" are namespaces.
  if (name.startsWith('#')) throw new No('CANNOT', 'mailbox names do not begin with #');
  // RFC 9051 §5.1: wildcards are valid in names, but such names are difficult to use with LIST.
  if (/[*%]/.test(name)) throw new No('CANNOT', 'mailbox names have no wildcards');
  if (name.length > maxNameLength)
    throw new No('CANNOT', `mailbox name too long: the limit is ${maxNameLength} characters`);
  if (levels.length > maxLevels) throw new No('CANNOT', `mailbox name with too many levels: the limit is ${maxLevels}`);
  if (!name.isWellFormed()) throw new No('CANNOT', 'mailbox name is not Unicode');
  return name;
}

/**
 * Returns the form in which a name is looked up: NFC, with INBOX as first level in capitals (RFC 9051 §5.1).
 * @throws No CANNOT for a name that is not modified UTF-7 (RFC 3501 §5.1.3).
 */
export function knownName(given: string): string {
  if (given.startsWith(noMailboxName)) {
    const isControl = forbidden.test(given.slice(noMailboxName.length));
    throw new No('CANNOT', isControl ? noControls : 'mailbox name is not modified UTF-7');
  }
  const name = given.normalize('NFC');
  return /^inbox(?:\/|$)/i.test(name) ? `INBOX${name.slice(5)}` : name;
}
