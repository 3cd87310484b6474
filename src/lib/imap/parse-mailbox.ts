import { parseModifiedUtf7 } from '#lib/codecs';
import { CharacterClass } from './characters.ts';
import type { Cursor } from './cursor.ts';

/** Prefix of a name that is not modified UTF-7 (RFC 3501 §5.1.3). No mailbox has such a name, so commands that need one answer NO, not BAD. */
export const noMailboxName = '\0';

/** Parses `mailbox` of RFC 9051 §9 to Unicode, INBOX in any case to `INBOX`. May be empty, or begin with `noMailboxName`. */
export function parseMailbox(cursor: Cursor): string {
  return parseName(cursor, CharacterClass.Astring, 'a mailbox name');
}

/** Parses `list-mailbox` of RFC 9051 §9: a mailbox name that may contain the wildcards `*` and `%`. */
export function parsePattern(cursor: Cursor): string {
  return parseName(cursor, CharacterClass.List, 'a mailbox pattern');
}

function parseName(cursor: Cursor, mask: number, what: string): string {
  const start = cursor.at;
  const sent = cursor.atString ? cursor.text(cursor.string(), start) : cursor.word(mask, what);
  const name = cursor.options.utf8 ? sent : decode(sent);
  // RFC 9051 §5.1: INBOX is the one name that is case-insensitive.
  return name.length === 5 && name.toUpperCase() === 'INBOX' ? 'INBOX' : name;
}

function decode(sent: string): string {
  const name = parseModifiedUtf7(sent);
  return name.ok ? name.value : noMailboxName + sent;
}
