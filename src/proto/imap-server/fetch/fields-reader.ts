import type { FetchItem } from '#lib/imap';
import type { FieldReader, MessageRow, ReadFields, RowReader, SelectedMailbox } from '../selected-mailbox.ts';
import type { FetchPlan } from './plan.ts';

/** Header fields of the messages of a batch. */
export class FieldsOfBatch {
  readonly #byItem: ReadonlyMap<FetchItem, ReadFields>;

  constructor(byItem: ReadonlyMap<FetchItem, ReadFields>) {
    this.#byItem = byItem;
  }

  /** Returns the fields that an item names; null when it names none. */
  of(item: FetchItem): ReadFields | null {
    return this.#byItem.get(item) ?? null;
  }

  /** Reports whether the fields of all items are there; otherwise the header must be read. */
  isComplete(i: number): boolean {
    for (const fields of this.#byItem.values()) if (fields.sizeAt(i) < 0) return false;
    return true;
  }
}

const noFields: ReadFields = { sizeAt: () => -1, copyAt: (_i, _target, at) => at };

/** Reads the rows and the header fields that one FETCH needs. */
export class FieldsReader {
  readonly #rows: RowReader | null;
  readonly #fields: readonly { readonly item: FetchItem; readonly reader: FieldReader | null }[];

  /** @param uids  All messages of the command, ascending. */
  constructor(mailbox: SelectedMailbox, { columns, fields }: FetchPlan, uids: Uint32Array) {
    this.#rows = columns === null ? null : mailbox.rowReader(columns, uids);
    this.#fields = fields.map(({ item, names }) => ({ item, reader: mailbox.fieldReader(names, uids) }));
  }

  /** Returns the rows of the next UIDs; null when no item needs any. */
  async rows(uids: Uint32Array): Promise<readonly (MessageRow | 'large' | null)[] | null> {
    return this.#rows === null ? null : this.#rows.read(uids);
  }

  /** Returns the fields of the next UIDs, by position; null when no item names fields. */
  async fields(uids: Uint32Array): Promise<FieldsOfBatch | null> {
    if (this.#fields.length === 0) return null;
    const byItem = new Map<FetchItem, ReadFields>();
    for (const { item, reader } of this.#fields) byItem.set(item, (await reader?.read(uids)) ?? noFields);
    return new FieldsOfBatch(byItem);
  }
}
