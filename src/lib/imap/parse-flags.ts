import { flagBit, keywordsByKey } from '#lib/flags';
import type { FlagList } from './command.ts';
import type { Cursor } from './cursor.ts';

/** Parses `flag-list`: flags in parentheses, possibly none (RFC 9051 §9). */
export function parseFlagList(cursor: Cursor): FlagList {
  return collect(cursor.list(() => parseFlag(cursor), true));
}

/** Parses the flags of STORE: a list in parentheses, or flags separated by spaces (RFC 9051 §9, store-att-flags). */
export function parseStoreFlags(cursor: Cursor): FlagList {
  if (cursor.next === 0x28) return parseFlagList(cursor);
  const flags = [parseFlag(cursor)];
  while (cursor.take(' ')) {
    cursor.failPast(flags.length, 'flags');
    flags.push(parseFlag(cursor));
  }
  return collect(flags);
}

/** Parses one flag or keyword. Keywords keep the client's spelling, since other clients compare them with case (`$Forwarded`). */
function parseFlag(cursor: Cursor): string {
  const backslash = cursor.take('\\') ? '\\' : '';
  return backslash + cursor.atom('a flag');
}

/** No flags at all. */
export const noFlags: FlagList = { bits: 0, keywords: [], unknown: [] };

function collect(flags: readonly string[]): FlagList {
  let bits = 0;
  const keywords: string[] = [];
  const unknown = new Set<string>();
  for (const flag of flags) {
    const bit = flagBit(flag);
    if (bit !== undefined) bits |= bit;
    else if (flag.startsWith('\\')) unknown.add(flag.toLowerCase());
    else keywords.push(flag);
  }
  return { bits, keywords: [...keywordsByKey(keywords).values()], unknown: [...unknown] };
}
