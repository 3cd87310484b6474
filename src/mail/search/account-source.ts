import type { MailboxId } from '#lib/ids';
import type { Part } from '#lib/mime';
import type { MessageReader } from '#mail/messages';
import type { SearchedAccount, SearchedContent, TextSource } from './match-text.ts';

/** An account whose messages are read for a search. */
interface ReadableAccount extends SearchedAccount {
  readonly reader: MessageReader;
}

const wanted = { description: true, oldListed: false, oldTexts: false, sentDay: false } as const;

/** Makes a source of the messages of a mailbox; `uids` gives those of all of them. A message that cannot be read fails by itself, when it is looked at. */
export function accountSource(account: ReadableAccount, mailbox: MailboxId, uids: () => Uint32Array): TextSource {
  const { reader } = account;
  return {
    account,
    mailbox,
    uids,
    contents: async (some, want) => {
      const found = await eachReadable(some, (batch) => reader.contents(mailbox, batch, want));
      return found.map((one) => {
        if (one === null) return null;
        return 'failure' in one
          ? unreadable(one.failure)
          : { headerSizeBytes: one.headerSizeBytes, bytes: (start, end) => one.content.bytes(start, end) };
      });
    },
    structures: async (some) => {
      const rows = await eachReadable(some, (batch) => reader.rows(mailbox, batch, wanted));
      return rows.map((row, i) => async (): Promise<Part | null> => {
        if (row === null) return null;
        if ('failure' in row) throw row.failure;
        if (row.description !== null) return row.description.root;
        const [alone] = await reader.rows(mailbox, some.subarray(i, i + 1), wanted);
        return alone?.description?.root ?? null;
      });
    },
  };
}

/** Reads a batch of messages, in order with null for those that are gone; should that fail, each of them alone. */
async function eachReadable<Row extends { readonly uid: number }>(
  uids: Uint32Array,
  read: (uids: Uint32Array) => Promise<readonly Row[]>,
): Promise<(Row | { readonly failure: Error } | null)[]> {
  try {
    const rows = new Map((await read(uids)).map((row) => [row.uid, row]));
    return Array.from(uids, (uid) => rows.get(uid) ?? null);
  } catch (error) {
    if (uids.length === 1) return [{ failure: error instanceof Error ? error : new Error(String(error)) }];
    const rows: (Row | { readonly failure: Error } | null)[] = [];
    for (let i = 0; i < uids.length; i++) rows.push(...(await eachReadable(uids.subarray(i, i + 1), read)));
    return rows;
  }
}

function unreadable(failure: Error): SearchedContent {
  const fail = (): never => {
    throw failure;
  };
  return {
    get headerSizeBytes() {
      return fail();
    },
    bytes: fail,
  };
}
