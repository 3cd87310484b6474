import type { AccountId, ContentId, MailboxId } from '#lib/ids';
import type { MessageDescription } from '#lib/message-description';
import { storedMessageBytes, type MessageBytes } from '#mail/content';
import type { BlobId, BlobStore } from '#ports/blobs';
import { inBatches, inList } from '#mail/schema';
import { sql, type Database, type SqlValue } from '#ports/database';
import { messageLimits } from './limits.ts';
import { DescriptionReader, type StoredDescription } from './description-reader.ts';
import { uidCondition } from './message-rows.ts';
import { uidSpans } from './uid-spans.ts';

/** Dependencies of `MessageReader`. */
export interface MessageReaderDeps {
  readonly account: AccountId;
  readonly db: Database;
  readonly blobs: BlobStore;
}

/** Columns that `rows` is to read beside the narrow ones. */
export interface WantedColumns {
  readonly description: boolean;
  /** With the description also the listed fields of messages that were stored before there were descriptions, whose headers are read for it. */
  readonly oldListed: boolean;
  /** Texts that were stored ready to send before there were descriptions. */
  readonly oldTexts: boolean;
  readonly sentDay: boolean;
}

/** Columns of one message. */
export interface MessageColumns {
  readonly uid: number;
  readonly sizeBytes: number;
  /** INTERNALDATE. */
  readonly receivedMs: number;
  readonly saveMs: number;
  readonly sentDayMs: number | null;
  /** Null when it is not wanted, or large. */
  readonly description: MessageDescription | null;
  /** Null for a message that has a description, and when they are not wanted or large. */
  readonly oldTexts: OldTexts | null;
  /** A wanted column is larger than `messageLimits.batchColumnBytes` and was left out: ask for this message alone. */
  readonly isLarge: boolean;
}

/** Texts that clients were sent of a message that was stored before there were descriptions, and are sent still (RFC 9051 §2.3.1.1). An `octetText` of #lib/charset each. */
export interface OldTexts {
  readonly envelope: string;
  /** Empty where it was made of BODYSTRUCTURE. */
  readonly body: string;
  readonly bodyStructure: string;
}

/** A message's bytes with the length of their header. */
export interface StoredMessage {
  readonly uid: number;
  /** Bytes up to and including the empty line that ends the header. */
  readonly headerSizeBytes: number;
  /** A NUL occurs in the content. */
  readonly hasNul: boolean;
  readonly content: MessageBytes;
}

/** Reads messages of one account by mailbox and UID. Everything that it shows is durable; callers keep batches to a few hundred. */
export class MessageReader {
  readonly #deps: MessageReaderDeps;
  readonly #descriptions: DescriptionReader;

  constructor(deps: MessageReaderDeps) {
    this.#deps = deps;
    this.#descriptions = new DescriptionReader({
      ...deps,
      contents: (mailbox, uids, want) => this.contents(mailbox, uids, want),
    });
  }

  /**
   * Columns of the messages that exist among ascending `uids`, ascending. Large columns are read only when there is one UID, so that
   * a batch of any messages takes little memory.
   */
  async rows(mailbox: MailboxId, uids: ArrayLike<number>, wanted: WantedColumns): Promise<MessageColumns[]> {
    const { account, db } = this.#deps;
    const isNarrow = !(wanted.description || wanted.oldTexts || wanted.sentDay);
    const columns = uids.length === 1 ? wholeColumns : smallColumns;
    const rows = await db.read(async (reader) => {
      const all: SqlValue[][] = [];
      for (const span of uidSpans(uids)) {
        const some = await reader.arrays(
          isNarrow
            ? sql`SELECT uid, size_bytes, received_ms, save_ms FROM message
                WHERE account = ${account} AND mailbox = ${mailbox} AND ${uidCondition(span)} ORDER BY uid`
            : sql`SELECT m.uid, m.size_bytes, m.received_ms, m.save_ms, e.sent_day_ms, m.email, length(e.prefix), octet_length(e.description),
                ${wanted.description ? columns.description : nullColumn}, ${wanted.oldTexts ? columns.oldTexts : nullColumns}
                FROM message AS m JOIN email AS e ON e.account = m.account AND e.id = m.email
                WHERE m.account = ${account} AND m.mailbox = ${mailbox} AND ${uidCondition(span)} ORDER BY m.uid`,
        );
        for (const row of some) all.push(row);
      }
      return all;
    });
    await db.durable();
    if (!wanted.description) return rows.map((row) => columnsOf(row, wanted, null));
    const stored = rows.map(storedDescription);
    const descriptions = await this.#descriptions.read(mailbox, stored, wanted.oldListed);
    return rows.map((row, i) => columnsOf(row, wanted, descriptions[i] ?? null));
  }

  /** Returns the stored previews of emails, by their ids; those that were not made when the message came are missing. */
  async previews(emails: readonly ContentId[]): Promise<ReadonlyMap<ContentId, string>> {
    const { account, db } = this.#deps;
    const previews = new Map<ContentId, string>();
    for (const batch of inBatches(emails)) {
      const rows = await db.read((reader) =>
        reader.arrays(sql`SELECT id, preview FROM email WHERE account = ${account} AND id IN ${inList(batch)}`),
      );
      for (const [id, preview] of rows) if (typeof preview === 'string') previews.set(Number(id) as ContentId, preview);
    }
    await db.durable();
    return previews;
  }

  /** Stores previews that were made on request, so that no list makes them again. One that cannot be stored is made again. */
  async keepPreviews(previews: ReadonlyMap<ContentId, string>): Promise<void> {
    const { account, db } = this.#deps;
    if (previews.size === 0) return;
    await db
      .write(async (tx) => {
        for (const [id, preview] of previews)
          await tx.run(
            sql`UPDATE email SET preview = ${preview} WHERE account = ${account} AND id = ${id} AND preview IS NULL`,
          );
      })
      // The database has troubles that others report.
      .catch(() => undefined);
  }

  /**
   * Bytes of the messages that exist among ascending `uids`, ascending. With `header`, small bodies are read no further than their header. With `small`, and of several
   * messages, bodies over `messageLimits.batchBodyBytes` are read when their bytes are asked for, so that a batch takes little memory.
   */
  async contents(
    mailbox: MailboxId,
    uids: ArrayLike<number>,
    want: 'header' | 'all' | 'small',
  ): Promise<StoredMessage[]> {
    const { account, db, blobs } = this.#deps;
    const bytes = want === 'header' ? headerOfBytes : want === 'all' && uids.length === 1 ? allBytes : smallBytes;
    const rows = await db.read(async (reader) => {
      const all: SqlValue[][] = [];
      for (const span of uidSpans(uids)) {
        const some = await reader.arrays(
          sql`SELECT m.uid, e.header_bytes, e.prefix, c.size_bytes, c.has_nul, c.crc32, c.blob_id, ${bytes}, c.id
            FROM message AS m JOIN email AS e ON e.account = m.account AND e.id = m.email
            JOIN content AS c ON c.account = m.account AND c.id = m.email
            WHERE m.account = ${account} AND m.mailbox = ${mailbox} AND ${uidCondition(span)} ORDER BY m.uid`,
        );
        for (const row of some) all.push(row);
      }
      return all;
    });
    await db.durable();
    return (rows as unknown as ContentRow[]).map(
      ([uid, headerSizeBytes, prefix, sizeBytes, hasNul, crc32, blobId, body, id]) => {
        const isLater =
          want !== 'header' && body === null && blobId === null && sizeBytes > messageLimits.batchBodyBytes;
        const bytes = isLater ? (start: number, end: number) => this.#bodyBytes(id, start, end) : body;
        const content = storedMessageBytes(blobs, account, { sizeBytes, crc32, blobId, bytes }, prefix);
        return { uid, headerSizeBytes, hasNul: hasNul !== 0, content };
      },
    );
  }

  /** Some bytes of a body that is in its row; null when there is none, or it is gone by now. */
  async #bodyBytes(id: number, start: number, end: number): Promise<Uint8Array | null> {
    const { account, db } = this.#deps;
    const rows = await db.read((reader) =>
      reader.arrays(
        sql`SELECT substr(bytes, ${start + 1}, ${end - start}) FROM content WHERE account = ${account} AND id = ${id}`,
      ),
    );
    const bytes = rows[0]?.[0];
    return bytes instanceof Uint8Array ? bytes : null;
  }
}

type ContentRow = readonly [
  uid: number,
  headerBytes: number,
  prefix: Uint8Array,
  sizeBytes: number,
  hasNul: number,
  crc32: number | null,
  blobId: BlobId | null,
  bytes: Uint8Array | null,
  id: number,
];

const nullColumn = sql`NULL, NULL`;
const nullColumns = sql`NULL, NULL, NULL`;
const wholeColumns = {
  description: sql`e.description, e.structure`,
  oldTexts: sql`e.envelope, e.body, e.bodystructure`,
};
const most = messageLimits.batchColumnBytes;
const smallColumns = {
  description: sql`CASE WHEN octet_length(e.description) <= ${most} THEN e.description END,
    CASE WHEN octet_length(e.structure) <= ${most} THEN e.structure END`,
  oldTexts: sql`CASE WHEN octet_length(e.envelope) <= ${most} THEN e.envelope END,
    CASE WHEN octet_length(e.body) <= ${most} THEN e.body END,
    CASE WHEN octet_length(e.bodystructure) <= ${most} THEN e.bodystructure END`,
};
const allBytes = sql`c.bytes`;
const smallBytes = sql`CASE WHEN c.size_bytes <= ${messageLimits.batchBodyBytes} THEN c.bytes END`;
const headerOfBytes = sql`substr(c.bytes, 1, CAST(e.header_bytes - length(e.prefix) AS INTEGER))`;

function storedDescription(row: readonly SqlValue[]): StoredDescription {
  const [uid, , , , , email, prefixBytes, sizeBytes, bytes, structure] = row;
  return {
    uid: Number(uid),
    email: Number(email) as ContentId,
    prefixBytes: Number(prefixBytes),
    isOld: sizeBytes === null,
    bytes: bytes instanceof Uint8Array ? bytes : null,
    structure: typeof structure === 'string' ? structure : null,
  };
}

function columnsOf(
  row: readonly SqlValue[],
  wanted: WantedColumns,
  description: MessageDescription | null,
): MessageColumns {
  const [uid, sizeBytes, receivedMs, saveMs, sentDayMs, , , descriptionBytes, , , envelope, body, bodyStructure] = row;
  const isOld = descriptionBytes === null;
  const areTexts = typeof envelope === 'string' && typeof body === 'string' && typeof bodyStructure === 'string';
  return {
    uid: Number(uid),
    sizeBytes: Number(sizeBytes),
    receivedMs: Number(receivedMs),
    saveMs: Number(saveMs),
    sentDayMs: typeof sentDayMs === 'number' ? sentDayMs : null,
    description,
    oldTexts: isOld && areTexts ? { envelope, body, bodyStructure } : null,
    isLarge: (wanted.description && description === null) || (wanted.oldTexts && isOld && !areTexts),
  };
}
