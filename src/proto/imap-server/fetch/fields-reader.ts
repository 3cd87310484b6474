import type { FetchItem } from '#lib/imap';
import type { FieldReader, MessageRow, RowReader, SelectedMailbox } from '../selected-mailbox.ts';
import type { FetchPlan } from './plan.ts';

/** Fields of a message by the item that names them. */
export type ReadFields = ReadonlyMap<FetchItem, Uint8Array>;

/** Reads what one FETCH needs of rows and of the header fields that its items name. */
export class FieldsReader {
  readonly #rows: RowReader | null;
  readonly #fields: readonly { readonly item: FetchItem; readonly reader: FieldReader | null }[];

  /** @param uids  All messages of the command, ascending. */
  constructor(mailbox: SelectedMailbox, { columns, fields }: FetchPlan, uids: Uint32Array) {
    this.#rows = columns === null ? null : mailbox.rowReader(columns, uids);
    this.#fields = fields.map(({ item, names }) => ({ item, reader: mailbox.fieldReader(names, uids) }));
  }

  /** Rows of the next UIDs; null when no item needs any. */
  async rows(uids: Uint32Array): Promise<readonly (MessageRow | 'large' | null)[] | null> {
    return this.#rows === null ? null : this.#rows.read(uids);
  }

  /** For each of the next UIDs the fields of all items; null where the header must be read. Null when no item names fields. */
  async fields(uids: Uint32Array): Promise<readonly (ReadFields | null)[] | null> {
    if (this.#fields.length === 0) return null;
    const results: (Map<FetchItem, Uint8Array> | null)[] = Array.from(uids, () => new Map());
    for (const { item, reader } of this.#fields) {
      const read = (await reader?.read(uids)) ?? [];
      for (let i = 0; i < uids.length; i++) {
        const fields = read[i] ?? null;
        if (fields === null) results[i] = null;
        else results[i]?.set(item, fields);
      }
    }
    return results;
  }
}
