import { keywordKey, type FlagSet, type FlagSetTable } from '#lib/flags';
import { intersection, NumberList, union, type PlaceCondition, type TextCondition } from '#lib/search';
import { lowerBound } from '#lib/sorted-numbers';
import type { EventLoop } from '#ports/event-loop';
import { Cost, type SearchSpace } from './evaluator.ts';

/** Messages whose rows are read at a time. */
const rowBatch = 256;

/** A mailbox in memory: flags and MODSEQs at the positions of ascending UIDs. */
export interface PlaceImage {
  readonly uids: Uint32Array;
  readonly flagSets: Uint32Array;
  readonly modSeqs: Float64Array;
  readonly flagTable: Pick<FlagSetTable, 'at'>;
}

/** Numbers of a message; reading one of them may throw for a message that is damaged. */
export interface PlaceNumbers {
  readonly sizeBytes: number;
  readonly internalDateMs: number;
  /** Null where it is not known. */
  readonly saveDateMs: number | null;
  /** Null when the message has no usable Date. */
  readonly sentDayMs: number | null;
}

/** Numbers of some messages, at the positions of their ascending UIDs; NaN for days that are missing. */
export interface NumberPiece {
  readonly uids: Uint32Array;
  readonly sizeBytes: Float64Array;
  readonly internalDateMs: Float64Array;
  readonly saveDateMs: Float64Array;
  readonly sentDayMs: Float64Array;
}

/** Data about the messages of a mailbox. UIDs ascend. */
export interface PlaceSource {
  readonly loop: EventLoop;
  readonly image: PlaceImage;
  /** Yields numbers that are in memory or blocks; what is missing is read with `rows`. */
  numbers(uids: Uint32Array): AsyncIterable<NumberPiece>;
  /** Reads the numbers of a few messages, in order, null for those that are gone; the day of Date only when it is asked for, and else the others. */
  rows(uids: Uint32Array, want: 'sentDay' | 'others'): Promise<readonly (PlaceNumbers | null)[]>;
  /** Returns those of some UIDs whose messages match all conditions. What cannot be read is passed to `onFailure`. */
  matchText(
    uids: Uint32Array,
    conditions: readonly TextCondition[],
    onFailure: (uid: number, error: unknown) => void,
  ): Promise<Uint32Array>;
  /** Reports whether an error is about one message. */
  isMessageDamage(error: unknown): boolean;
}

/** The messages of a mailbox, by their UIDs. */
export class PlaceSpace implements SearchSpace<PlaceCondition> {
  readonly loop: EventLoop;
  readonly unknown = new Map<number, unknown>();
  readonly #source: PlaceSource;
  readonly #image: PlaceImage;

  constructor(source: PlaceSource) {
    this.loop = source.loop;
    this.#source = source;
    this.#image = source.image;
  }

  cost({ kind }: PlaceCondition): Cost {
    switch (kind) {
      case 'header':
        return Cost.Fields;
      case 'body':
      case 'text':
        return Cost.Bodies;
      case 'size':
      case 'received':
      case 'saved':
      case 'sentDay':
        return Cost.Rows;
      default:
        return Cost.Memory;
    }
  }

  async find(conditions: readonly PlaceCondition[], candidates: Uint32Array): Promise<Uint32Array> {
    const texts = conditions.filter(isText);
    let left = candidates;
    for (const condition of conditions) if (!isText(condition)) left = await this.#find(condition, left);
    if (texts.length === 0 || left.length === 0) return left;
    return await this.#source.matchText(left, texts, (uid, error) => this.#note(uid, error));
  }

  async #find(condition: Exclude<PlaceCondition, TextCondition>, uids: Uint32Array): Promise<Uint32Array> {
    switch (condition.kind) {
      case 'among':
        return intersection(uids, condition.uids);
      case 'flag':
        return this.#withFlags(uids, ({ bits }) => (bits & condition.bit) !== 0);
      case 'keyword':
        return this.#withFlags(uids, ({ keywords }) =>
          keywords.some((keyword) => keywordKey(keyword) === condition.keyword),
        );
      case 'modSeq':
        return this.#inImage(uids, (at) => (this.#image.modSeqs[at] ?? 0) >= condition.from);
      default:
        return await this.#withNumbers(uids, condition);
    }
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
    const found = new NumberList(uids.length);
    let at = uids.length === 0 ? 0 : lowerBound(all, uids[0] ?? 0);
    for (const uid of uids) {
      while (at < all.length && (all[at] ?? 0) < uid) at++;
      if (all[at] === uid && test(at)) found.push(uid);
    }
    return found.taken;
  }

  /** Compares first the messages whose numbers are in memory, then the others. */
  async #withNumbers(uids: Uint32Array, condition: NumberCondition): Promise<Uint32Array> {
    const found = new NumberList(uids.length);
    const left = new NumberList(uids.length);
    let at = 0;
    for await (const piece of this.#source.numbers(uids)) {
      const numbers = columnOf(piece, condition.kind);
      for (let i = 0; i < piece.uids.length; i++) {
        const uid = piece.uids[i] ?? 0;
        while (at < uids.length && (uids[at] ?? 0) < uid) left.push(uids[at++] ?? 0);
        if (uids[at] !== uid) continue;
        at++;
        // A missing day is in no range.
        if (isIn(condition, numbers[i] ?? Number.NaN)) found.push(uid);
      }
    }
    while (at < uids.length) left.push(uids[at++] ?? 0);
    const more = await this.#inRows(left.taken, condition);
    return more.length === 0 ? found.taken : union(found.taken, more);
  }

  async #inRows(uids: Uint32Array, condition: NumberCondition): Promise<Uint32Array> {
    const want = condition.kind === 'sentDay' ? 'sentDay' : 'others';
    const found = new NumberList(uids.length);
    for (let start = 0; start < uids.length; start += rowBatch) {
      const batch = uids.subarray(start, start + rowBatch);
      const rows = await this.#source.rows(batch, want);
      for (const [i, row] of rows.entries()) {
        const uid = batch[i] ?? 0;
        try {
          if (row !== null && isIn(condition, numberOf(row, condition.kind))) found.push(uid);
        } catch (error) {
          this.#note(uid, error);
        }
      }
    }
    return found.taken;
  }

  /** Notes a damaged message. @throws `error` when it is about something else. */
  #note(uid: number, error: unknown): void {
    if (!this.#source.isMessageDamage(error)) throw error;
    this.unknown.set(uid, error);
  }
}

type NumberCondition = Extract<PlaceCondition, { readonly from: number; readonly before: number }>;

function isText(condition: PlaceCondition): condition is TextCondition {
  return condition.kind === 'header' || condition.kind === 'body' || condition.kind === 'text';
}

function isIn({ from, before }: NumberCondition, value: number): boolean {
  return value >= from && value < before;
}

function columnOf(piece: NumberPiece, kind: NumberCondition['kind']): Float64Array {
  if (kind === 'size') return piece.sizeBytes;
  if (kind === 'received') return piece.internalDateMs;
  return kind === 'saved' ? piece.saveDateMs : piece.sentDayMs;
}

function numberOf(row: PlaceNumbers, kind: NumberCondition['kind']): number {
  if (kind === 'size') return row.sizeBytes;
  if (kind === 'received') return row.internalDateMs;
  // RFC 8514 §4.3: the internal date where the save date is not known.
  if (kind === 'saved') return row.saveDateMs ?? row.internalDateMs;
  return row.sentDayMs ?? Number.NaN;
}
