import { keywordKey, type FlagSet } from '#lib/flags';
import type { SearchKey } from '#lib/imap';
import type { Clock } from '#ports/clock';
import type { EventLoop } from '#ports/event-loop';
import { uidsAt } from '../message-set.ts';
import type { MessageFailures } from '../failures.ts';
import { Unreadable } from '../refusal.ts';
import type { MailboxImage, MessageRow, RowColumns, TextKey } from '../selected-mailbox.ts';
import type { Selection } from '../selection.ts';
import { lowerBound } from '../view.ts';
import { KeyCost, keyCost } from './key-cost.ts';
import { type RowKey, rowMatches } from './row-test.ts';
import { intersection, NumberList, union, without } from './uid-list.ts';

const nothing = new Uint32Array(0);
const noColumns: RowColumns = {
  envelope: false,
  body: false,
  bodyStructure: false,
  numbers: false,
  sentDate: false,
  structure: false,
};

/** Dependencies of an `Evaluator`. */
interface EvaluatorDeps {
  readonly clock: Clock;
  readonly loop: EventLoop;
  /** Messages per read of rows. */
  readonly rowBatch: number;
  readonly signal: AbortSignal;
}

/** Finds messages: one evaluator over ascending lists of candidates, narrowed key by key, cheapest first. */
export class Evaluator {
  readonly #selection: Selection;
  readonly #image: MailboxImage;
  readonly #loop: EventLoop;
  readonly #nowMs: number;
  readonly #rowBatch: number;
  readonly #signal: AbortSignal;
  readonly #failures: MessageFailures = new Map();

  constructor(selection: Selection, { clock, loop, rowBatch, signal }: EvaluatorDeps) {
    this.#selection = selection;
    this.#image = selection.mailbox.image;
    this.#loop = loop;
    this.#nowMs = clock.now();
    this.#rowBatch = rowBatch;
    this.#signal = signal;
  }

  /** Damaged messages that could not be compared with a key; complete after `search`. */
  get failures(): MessageFailures {
    return this.#failures;
  }

  /** Returns the UIDs of the client's view that still exist and match, ascending. @throws Bad for message numbers that do not exist. */
  async search(key: SearchKey): Promise<Uint32Array> {
    const { uids } = this.#selection.view;
    return this.#find(key, uids === this.#image.uids ? uids : intersection(uids, this.#image.uids));
  }

  async #find(key: SearchKey, uids: Uint32Array): Promise<Uint32Array> {
    // Each key goes over all candidates.
    const pause = this.#loop.pause();
    if (pause !== null) await pause;
    switch (key.kind) {
      // RFC 8514 §4.3: SAVEDATESUPPORTED matches all messages where the storage has save dates. OLD is messages without \Recent (RFC 3501 §6.4.4).
      case 'all':
      case 'old':
      case 'saveDateSupported':
        return uids;
      // RFC 3501 §6.4.4: NEW and RECENT need \Recent, which we do not keep (RFC 9051 §2.3.2: deprecated).
      case 'new':
      case 'recent':
        return nothing;
      case 'and':
        return this.#findAll(key.keys, uids);
      case 'or': {
        const left = await this.#find(key.left, uids);
        return union(left, await this.#find(key.right, without(uids, left)));
      }
      case 'not':
        return this.#without(uids, await this.#find(key.key, uids));
      case 'sequence':
      case 'uid': {
        const ranges = this.#selection.positions(key.set, key.kind === 'uid');
        return intersection(uids, uidsAt(ranges, this.#selection.view.uids));
      }
      case 'flag':
        return this.#withFlags(uids, (set) => (set.bits & key.bit) !== 0);
      case 'keyword':
        return this.#withFlags(uids, ({ keywords }) => keywords.some((keyword) => keywordKey(keyword) === key.keyword));
      case 'modSeq':
        return this.#inImage(uids, (at) => (this.#image.modSeqs[at] ?? 0) >= key.modSeq);
      case 'bcc':
      case 'cc':
      case 'from':
      case 'to':
      case 'subject':
      case 'header':
      case 'body':
      case 'text':
        return this.#withText(uids, [textKey(key)]);
      default:
        return this.#withRows(uids, key);
    }
  }

  /** Returns the UIDs that are not in `found`, without damaged messages, for which the result is unknown. */
  #without(uids: Uint32Array, found: Uint32Array): Uint32Array {
    const left = without(uids, found);
    return this.#failures.size === 0 ? left : left.filter((uid) => !this.#failures.has(uid));
  }

  async #findAll(keys: readonly SearchKey[], uids: Uint32Array): Promise<Uint32Array> {
    let left = uids;
    const texts: TextKey[] = [];
    for (const key of keys.toSorted((a, b) => keyCost(a) - keyCost(b))) {
      if (isText(key)) texts.push(textKey(key));
      else if (left.length > 0 || keyCost(key) === KeyCost.Image) left = await this.#find(key, left);
    }
    // All texts of one kind together: each message is read once for all of them, and few bodies are read.
    const fields = texts.filter(({ kind }) => kind === 'header');
    if (fields.length > 0) left = await this.#withText(left, fields);
    const bodies = texts.filter(({ kind }) => kind !== 'header');
    return bodies.length > 0 ? this.#withText(left, bodies) : left;
  }

  #withFlags(uids: Uint32Array, test: (set: FlagSet) => boolean): Uint32Array {
    const { flagSets, flagTable } = this.#image;
    const known: (boolean | undefined)[] = [];
    return this.#inImage(uids, (at) => {
      const index = flagSets[at] ?? 0;
      let matches = known[index];
      if (matches === undefined) {
        matches = test(flagTable.at(index));
        known[index] = matches;
      }
      return matches;
    });
  }

  #inImage(uids: Uint32Array, test: (at: number) => boolean): Uint32Array {
    const all = this.#image.uids;
    const found = new Uint32Array(uids.length);
    let count = 0;
    let at = uids.length === 0 ? 0 : lowerBound(all, uids[0] ?? 0);
    for (const uid of uids) {
      while (at < all.length && (all[at] ?? 0) < uid) at++;
      if (all[at] === uid && test(at)) found[count++] = uid;
    }
    return found.subarray(0, count);
  }

  async #withText(uids: Uint32Array, keys: readonly TextKey[]): Promise<Uint32Array> {
    if (uids.length === 0) return uids;
    return await this.#selection.mailbox.matchText(uids, keys, this.#signal, (uid, error) =>
      this.#failures.set(uid, error),
    );
  }

  async #withRows(uids: Uint32Array, key: RowKey): Promise<Uint32Array> {
    const { found, left } = await this.#withNumbers(uids, key);
    return left.length === 0 ? found : union(found, await this.#withRowsOf(left, key));
  }

  /** Compares the messages whose numbers are in memory. @returns the UIDs that match, and those whose rows must be read. */
  async #withNumbers(
    uids: Uint32Array,
    key: RowKey,
  ): Promise<{ readonly found: Uint32Array; readonly left: Uint32Array }> {
    const found = new NumberList(uids.length);
    const left = new NumberList(uids.length);
    const row = { sizeBytes: 0, internalDateMs: 0, saveDateMs: 0, sentDayMs: 0 as number | null };
    let at = 0;
    for await (const piece of this.#selection.mailbox.numbers(uids)) {
      for (let i = 0; i < piece.uids.length; i++) {
        const uid = piece.uids[i] ?? 0;
        while (at < uids.length && (uids[at] ?? 0) < uid) left.push(uids[at++] ?? 0);
        if (uids[at] !== uid) continue;
        at++;
        row.sizeBytes = piece.sizeBytes[i] ?? 0;
        row.internalDateMs = piece.internalDateMs[i] ?? 0;
        row.saveDateMs = piece.saveDateMs[i] ?? 0;
        const sentDayMs = piece.sentDayMs[i] ?? Number.NaN;
        row.sentDayMs = Number.isNaN(sentDayMs) ? null : sentDayMs;
        if (rowMatches(key, row, this.#nowMs)) found.push(uid);
      }
    }
    while (at < uids.length) left.push(uids[at++] ?? 0);
    return { found: found.taken, left: left.taken };
  }

  async #withRowsOf(uids: Uint32Array, key: RowKey): Promise<Uint32Array> {
    const isSent = key.kind === 'sentBefore' || key.kind === 'sentOn' || key.kind === 'sentSince';
    const columns: RowColumns = { ...noColumns, numbers: !isSent, sentDate: isSent };
    const found = new Uint32Array(uids.length);
    let count = 0;
    for (let start = 0; start < uids.length; start += this.#rowBatch) {
      const batch = uids.subarray(start, start + this.#rowBatch);
      const rows = await this.#selection.mailbox.rows(batch, columns);
      for (let i = 0; i < batch.length; i++) {
        const row = rows[i];
        const uid = batch[i] ?? 0;
        if (row !== null && row !== undefined && row !== 'large' && this.#rowMatches(key, row, uid))
          found[count++] = uid;
      }
    }
    return found.subarray(0, count);
  }

  #rowMatches(key: RowKey, row: MessageRow, uid: number): boolean {
    try {
      return rowMatches(key, row, this.#nowMs);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.#failures.set(uid, error);
      return false;
    }
  }
}

type TextSearchKey = Extract<
  SearchKey,
  { kind: 'bcc' | 'cc' | 'from' | 'to' | 'subject' | 'header' | 'body' | 'text' }
>;

function isText(key: SearchKey): key is TextSearchKey {
  return key.kind !== 'and' && key.kind !== 'or' && key.kind !== 'not' && keyCost(key) === KeyCost.Text;
}

function textKey(key: TextSearchKey): TextKey {
  switch (key.kind) {
    case 'header':
      return { kind: 'header', name: key.field.toLowerCase(), value: key.text };
    case 'body':
    case 'text':
      return { kind: key.kind, value: key.text };
    default:
      return { kind: 'header', name: key.kind, value: key.text };
  }
}
