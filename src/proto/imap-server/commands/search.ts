import { charsetLabels } from '#lib/charset';
import { type SearchCommand, writeEsearch } from '#lib/imap';
import { withConditions } from '../conditions.ts';
import type { Context } from '../context.ts';
import { type MessageFailures, refusalFor } from '../failures.ts';
import { sequenceSetText } from '../message-set.ts';
import type { Output } from '../output.ts';
import { No } from '../refusal.ts';
import { filterOf } from '../search/filter-of.ts';
import { countKeys, keyWeight } from '../search/key-cost.ts';
import type { Selection } from '../selection.ts';
import type { Handler } from './handler.ts';

/** SEARCH and UID SEARCH (RFC 9051 §6.4.4), with RETURN, and SAVE for `$` (RFC 5182 §2.1). */
export const search: Handler<SearchCommand> = {
  state: 'selected',
  updates: (command) => (command.uid ? 'all' : 'withoutExpunge'),
  async run(context, command) {
    const selection = context.selected();
    const saves = command.returns?.includes('save') === true;
    try {
      const { uids, failures } = await find(context, selection, command);
      if (saves) selection.saved = savedPart(uids, command.returns ?? []);
      await write(context, selection, command, uids);
      if (failures.size > 0) throw refusalFor(context, failures, 'the others were searched');
    } catch (error) {
      // RFC 5182 §2.1: a search refused with NO leaves an empty result behind.
      if (saves && withConditions(error) instanceof No) selection.saved = new Uint32Array(0);
      throw error;
    }
    return 'searched';
  },
};

interface Found {
  readonly uids: Uint32Array;
  readonly failures: MessageFailures;
}

async function find(context: Context, selection: Selection, command: SearchCommand): Promise<Found> {
  const { clock, options, shutdown } = context.deps;
  if (command.unsupportedCharset !== null) {
    // RFC 9051 §6.4.4: MUST be NO, and SHOULD contain BADCHARSET, which may list the supported charsets.
    throw new No(`BADCHARSET (${charsetLabels.join(' ')})`, 'search in UTF-8');
  }
  const { maxSearchKeys, maxSearchWork } = options.limits;
  if (countKeys(command.key) > maxSearchKeys)
    throw new No('LIMIT', `too many search keys: the limit is ${maxSearchKeys}`);
  const messages = selection.view.uids.length;
  const weight = keyWeight(command.key);
  if (weight * messages > maxSearchWork) {
    // Text keys weigh most.
    const most = Math.floor(maxSearchWork / messages);
    throw new No(
      'LIMIT',
      `too many search keys for ${messages} messages: their weight is ${weight}, the limit ${most}`,
    );
  }
  const failures: MessageFailures = new Map();
  const filter = filterOf(command.key, selection, clock.now());
  const uids = await selection.mailbox.search(filter, selection.view.uids, shutdown, (uid, error) =>
    failures.set(uid, error),
  );
  return { uids, failures };
}

/** Returns the UIDs to save: only those of MIN and MAX when these are requested without ALL and COUNT (RFC 5182 §2.4). */
function savedPart(uids: Uint32Array, returns: readonly string[]): Uint32Array {
  const isWhole = returns.includes('all') || returns.includes('count');
  const wantsMin = returns.includes('min');
  const wantsMax = returns.includes('max');
  if (isWhole || (!wantsMin && !wantsMax) || uids.length === 0) return uids.slice();
  const ends = [...(wantsMin ? [uids[0] ?? 0] : []), ...(wantsMax ? [uids.at(-1) ?? 0] : [])];
  return Uint32Array.from(new Set(ends));
}

async function write(context: Context, selection: Selection, command: SearchCommand, uids: Uint32Array): Promise<void> {
  const numbers = command.uid ? uids : numbersOf(uids, selection.view.uids);
  // RFC 9051 §6.4.4: IMAP4rev2 has no SEARCH response, and without RETURN the result option ALL is assumed.
  const returns = command.returns ?? (context.isRev2 ? (['all'] as const) : null);
  if (returns === null) await writeNumbers(context.output, numbers);
  else if (returns.some((option) => option !== 'save')) {
    const first = numbers[0] ?? null;
    const result = {
      tag: context.tag,
      uid: command.uid,
      min: returns.includes('min') ? first : null,
      max: returns.includes('max') ? (numbers.at(-1) ?? null) : null,
      count: returns.includes('count') ? numbers.length : null,
      all: returns.includes('all') ? await sequenceSetText(numbers, context.deps.loop) : null,
      modSeq: null,
    };
    context.write((writer) => writeEsearch(writer, result));
  }
}

/** Writes a SEARCH response (RFC 3501 §7.2.5) in pieces. */
async function writeNumbers(output: Output, numbers: Uint32Array): Promise<void> {
  output.text('* SEARCH');
  for (const number of numbers) {
    output.byte(32);
    output.number(number);
    if (output.isFull) await output.spill();
  }
  output.text('\r\n');
}

function numbersOf(uids: Uint32Array, view: Uint32Array): Uint32Array {
  if (uids === view) return uids.map((_, at) => at + 1);
  let at = 0;
  return uids.map((uid) => {
    while (at < view.length && (view[at] ?? 0) < uid) at++;
    return at + 1;
  });
}
