import { parseModifiedUtf7 } from '#lib/codecs';
import { CharacterClass } from './characters.ts';
import type { Cursor } from './cursor.ts';

/** `mailbox` of RFC 9051 §9: Unicode, INBOX in any case as `INBOX`. May be empty. */
export function parseMailbox(cursor: Cursor): string {
  return parseName(cursor, CharacterClass.Astring, 'a mailbox name');
}

/** `list-mailbox` of RFC 9051 §9: a mailbox name that may contain the wildcards `*` and `%`. */
export function parsePattern(cursor: Cursor): string {
  return parseName(cursor, CharacterClass.List, 'a mailbox pattern');
}

function parseName(cursor: Cursor, mask: number, what: string): string {
  const start = cursor.at;
  const sent = cursor.atString ? cursor.text(cursor.string(), start) : cursor.word(mask, what);
  const name = cursor.options.utf8 ? sent : decode(cursor, sent, start);
  // RFC 9051 §5.1: INBOX is the one name that is case-insensitive.
  return name.length === 5 && name.toUpperCase() === 'INBOX' ? 'INBOX' : name;
}

function decode(cursor: Cursor, sent: string, start: number): string {
  const name = parseModifiedUtf7(sent);
  return name.ok ? name.value : cursor.fail('mailbox name is not modified UTF-7', start);
}
