import type { ListCommand, ListReturn, ListSelect, StatusItem } from './command.ts';
import type { Cursor } from './cursor.ts';
import { parseMailbox, parsePattern } from './parse-mailbox.ts';

const selectOptions = new Map<string, ListSelect>([
  ['SUBSCRIBED', 'subscribed'],
  ['REMOTE', 'remote'],
  ['RECURSIVEMATCH', 'recursiveMatch'],
  ['SPECIAL-USE', 'specialUse'],
]);

const statusItems = new Map<string, StatusItem>([
  ['MESSAGES', 'messages'],
  ['RECENT', 'recent'],
  ['UIDNEXT', 'uidNext'],
  ['UIDVALIDITY', 'uidValidity'],
  ['UNSEEN', 'unseen'],
  ['DELETED', 'deleted'],
  ['SIZE', 'size'],
  ['APPENDLIMIT', 'appendLimit'],
  ['HIGHESTMODSEQ', 'highestModSeq'],
]);

const returnNothing: ListReturn = { subscribed: false, children: false, specialUse: false, status: null };

/** Parses the arguments of LIST, from the space after the name (RFC 9051 §6.3.9). */
export function parseList(cursor: Cursor): ListCommand {
  cursor.space();
  let isExtended = false;
  let select: readonly ListSelect[] = [];
  if (cursor.next === 0x28) {
    isExtended = true;
    select = parseSelectOptions(cursor);
    cursor.space();
  }
  const reference = parseMailbox(cursor);
  cursor.space();
  let patterns: readonly string[];
  if (cursor.next === 0x28) {
    isExtended = true;
    patterns = cursor.list(() => parsePattern(cursor));
  } else patterns = [parsePattern(cursor)];
  let returns = returnNothing;
  if (cursor.take(' ')) {
    isExtended = true;
    returns = parseReturnOptions(cursor);
  }
  return { kind: 'list', isExtended, select, reference, patterns, returns };
}

/** Parses `status-att` items in parentheses (RFC 9051 §9). */
export function parseStatusItems(cursor: Cursor): readonly StatusItem[] {
  const items = cursor.list(() => {
    const start = cursor.at;
    return statusItems.get(cursor.name('a status item')) ?? cursor.fail('unknown status item', start);
  });
  return [...new Set(items)];
}

function parseSelectOptions(cursor: Cursor): readonly ListSelect[] {
  const start = cursor.at;
  const options = new Set(
    cursor.list(() => {
      const at = cursor.at;
      // RFC 9051 §6.3.9: options that are not recognized MUST get BAD.
      return selectOptions.get(cursor.name('a selection option')) ?? cursor.fail('unknown selection option', at);
    }, true),
  );
  // RFC 9051 §9, list-select-opts: it needs a list-select-base-opt, and SPECIAL-USE is none (RFC 6154 §6).
  if (options.has('recursiveMatch') && !options.has('subscribed'))
    cursor.fail('RECURSIVEMATCH needs SUBSCRIBED', start);
  return [...options];
}

function parseReturnOptions(cursor: Cursor): ListReturn {
  const start = cursor.at;
  if (cursor.name('RETURN') !== 'RETURN') cursor.fail('expected RETURN', start);
  cursor.space();
  const returns: { -readonly [K in keyof ListReturn]: ListReturn[K] } = { ...returnNothing };
  cursor.list(() => {
    const at = cursor.at;
    switch (cursor.name('a return option')) {
      case 'SUBSCRIBED':
        returns.subscribed = true;
        break;
      case 'CHILDREN':
        returns.children = true;
        break;
      case 'SPECIAL-USE':
        returns.specialUse = true;
        break;
      case 'STATUS':
        cursor.space();
        returns.status = parseStatusItems(cursor);
        break;
      default:
        cursor.fail('unknown return option', at);
    }
  }, true);
  return returns;
}
