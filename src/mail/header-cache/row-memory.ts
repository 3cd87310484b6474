import type { AccountId, MailboxId } from '#lib/ids';
import type { Clock } from '#ports/clock';
import type { BlockRange } from './block-rows.ts';
import { headerCacheLimits } from './limits.ts';

/** A row of a block: its code and bytes, as stored. */
type Row = Uint8Array | null;

interface Remembered {
  readonly row: Row;
  readonly sizeBytes: number;
  usedMs: number;
}

/** Which block a row is of. */
export interface RowPlace {
  readonly account: AccountId;
  readonly mailbox: MailboxId;
  readonly range: BlockRange;
}

/** Memory of an entry beside its bytes. */
const entryBytes = 200;

/**
 * Rows of blocks that were read lately, of all accounts together, up to a number of bytes and for a minute: reading them from the database
 * anew costs a system call for each page. A row never changes while its block has the same range, since messages never do.
 */
export class RowMemory {
  readonly #clock: Clock;
  readonly #limits: { readonly maxRowMemoryBytes: number; readonly rowMemoryMs: number };
  /** Least recently used first. */
  readonly #rows = new Map<string, Remembered>();
  #sizeBytes = 0;
  /** A timer will look for what is old. */
  #isTimed = false;

  constructor(
    clock: Clock,
    limits: { readonly maxRowMemoryBytes: number; readonly rowMemoryMs: number } = headerCacheLimits,
  ) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Bytes in use. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Returns a row, null when the block has none with this code; undefined when it is not known. */
  get(place: RowPlace, code: number): Row | undefined {
    const key = keyOf(place, code);
    const known = this.#rows.get(key);
    if (known === undefined) return undefined;
    known.usedMs = this.#clock.monotonic();
    this.#rows.delete(key);
    this.#rows.set(key, known);
    return known.row;
  }

  /** Remembers a row. */
  set(place: RowPlace, code: number, row: Row): void {
    const sizeBytes = entryBytes + (row?.length ?? 0);
    if (sizeBytes > this.#limits.maxRowMemoryBytes) return;
    const key = keyOf(place, code);
    this.#forget(key);
    for (const oldest of this.#rows.keys()) {
      if (this.#sizeBytes + sizeBytes <= this.#limits.maxRowMemoryBytes) break;
      this.#forget(oldest);
    }
    this.#rows.set(key, { row, sizeBytes, usedMs: this.#clock.monotonic() });
    this.#sizeBytes += sizeBytes;
    if (!this.#isTimed) this.#expireLater();
  }

  /** Forgets the rows of a block that cannot be unpacked. */
  forget(place: RowPlace, codes: Iterable<number>): void {
    for (const code of codes) this.#forget(keyOf(place, code));
  }

  #forget(key: string): void {
    const known = this.#rows.get(key);
    if (known === undefined) return;
    this.#rows.delete(key);
    this.#sizeBytes -= known.sizeBytes;
  }

  #expireLater(): void {
    this.#isTimed = true;
    this.#clock.timer(this.#limits.rowMemoryMs, () => this.#expire());
  }

  #expire(): void {
    const { rowMemoryMs } = this.#limits;
    const before = this.#clock.monotonic() - rowMemoryMs;
    for (const [key, { usedMs }] of this.#rows) {
      if (usedMs > before) break;
      this.#forget(key);
    }
    this.#isTimed = false;
    if (this.#rows.size > 0) this.#expireLater();
  }
}

function keyOf({ account, mailbox, range }: RowPlace, code: number): string {
  return `${account} ${mailbox} ${range.firstUid} ${range.lastUid} ${range.count} ${code}`;
}
