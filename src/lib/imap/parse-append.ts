import { CharacterClass } from './characters.ts';
import type { FlagList } from './command.ts';
import { Cursor, type ParseOptions } from './cursor.ts';
import { parseDateTime } from './parse-date.ts';
import { noFlags, parseFlagList } from './parse-flags.ts';
import { parseMailbox } from './parse-mailbox.ts';

/** Arguments before the bytes of one message of APPEND. */
interface AppendPrefix {
  readonly flags: FlagList;
  readonly internalDateMs: number | null;
  readonly isBinary: boolean;
  readonly isUtf8: boolean;
}

/** Parses the mailbox of APPEND (RFC 9051 §6.3.12), from the space after the name. @throws SyntaxFailure */
export function parseAppendMailbox(
  bytes: Uint8Array,
  at: number,
  options: ParseOptions,
): { mailbox: string; at: number } {
  const cursor = new Cursor(bytes, options, at);
  cursor.space();
  return { mailbox: parseMailbox(cursor), at: cursor.at };
}

/**
 * Parses ` (flags) "date" {size}` from `at` up to the literal's header at `headerAt` (RFC 9051 §6.3.12, RFC 6855 §4).
 * @throws SyntaxFailure
 */
export function parseAppendPrefix(
  bytes: Uint8Array,
  at: number,
  headerAt: number,
  options: ParseOptions,
): AppendPrefix {
  const cursor = new Cursor(bytes, options, at);
  cursor.space();
  let flags = noFlags;
  let internalDateMs: number | null = null;
  let isUtf8 = false;
  if (cursor.next === 0x28) {
    flags = parseFlagList(cursor);
    cursor.space();
  }
  if (cursor.next === 0x22) {
    internalDateMs = parseDateTime(cursor);
    cursor.space();
  }
  const start = cursor.at;
  const word = cursor.run(CharacterClass.Name).toUpperCase();
  if (word === 'UTF8') {
    isUtf8 = true;
    cursor.space();
    cursor.expect('(');
  } else if (word !== '') cursor.fail('unknown APPEND data', start);
  if (cursor.at !== headerAt) cursor.fail('expected a literal');
  const isBinary = cursor.take('~');
  // RFC 6855 §4: the message is a literal8.
  if (isUtf8 && !isBinary) cursor.fail('UTF8 needs a literal8');
  return { flags, internalDateMs, isBinary, isUtf8 };
}
