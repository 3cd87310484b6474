import { octetsOf } from '#lib/charset';
import { NoBodyStructure, shortStructure } from '#lib/imap';
import type { AccountId, MailboxId } from '#lib/ids';
import { storedMessageBytes, type MessageBytes } from '#mail/content';
import type { BlobId, BlobStore } from '#ports/blobs';
import { sql, type Database, type SqlValue } from '#ports/database';
import { messageLimits } from './limits.ts';
import { uidCondition } from './message-rows.ts';
import { PartDamaged } from './pack-part.ts';
import { uidSpans } from './uid-spans.ts';

/** What `MessageReader` needs. */
export interface MessageReaderDeps {
  readonly account: AccountId;
  readonly db: Database;
  readonly blobs: BlobStore;
}

/** Which columns `rows` is to read; unwanted ones come back empty. */
export interface WantedColumns {
  readonly envelope: boolean;
  readonly body: boolean;
  readonly bodyStructure: boolean;
  readonly structure: boolean;
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
  /** Ready to send: a string of US-ASCII, or bytes. */
  readonly envelope: string | Uint8Array;
  /** As `envelope`. */
  readonly body: string | Uint8Array;
  /** As `envelope`. */
  readonly bodyStructure: string | Uint8Array;
  /** For `unpackPart`, with `prefixBytes` as its shift. */
  readonly structure: string;
  readonly prefixBytes: number;
  /** A wanted column is larger than `messageLimits.batchColumnBytes` and came back empty: ask for this message alone. */
  readonly isLarge: boolean;
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

  constructor(deps: MessageReaderDeps) {
    this.#deps = deps;
  }

  /**
   * Columns of the messages that exist among ascending `uids`, ascending. Large columns are read only when there is one UID, so that
   * a batch of any messages takes little memory.
   */
  async rows(mailbox: MailboxId, uids: ArrayLike<number>, wanted: WantedColumns): Promise<MessageColumns[]> {
    const { account, db } = this.#deps;
    const isNarrow = !(wanted.envelope || wanted.body || wanted.bodyStructure || wanted.structure || wanted.sentDay);
    const columns = uids.length === 1 ? wholeColumns : smallColumns;
    const rows = await db.read(async (reader) => {
      const all: SqlValue[][] = [];
      for (const span of uidSpans(uids)) {
        const some = await reader.arrays(
          isNarrow
            ? sql`SELECT uid, size_bytes, received_ms, save_ms FROM message
                WHERE account = ${account} AND mailbox = ${mailbox} AND ${uidCondition(span)} ORDER BY uid`
            : sql`SELECT m.uid, m.size_bytes, m.received_ms, m.save_ms, e.sent_day_ms,
                ${wanted.envelope ? columns.envelope : nullColumn}, ${wanted.body ? columns.body : nullColumn},
                ${wanted.bodyStructure || wanted.body ? columns.bodyStructure : nullColumn}, ${wanted.structure ? columns.structure : nullColumn},
                length(e.prefix)
                FROM message AS m JOIN email AS e ON e.account = m.account AND e.id = m.email
                WHERE m.account = ${account} AND m.mailbox = ${mailbox} AND ${uidCondition(span)} ORDER BY m.uid`,
        );
        for (const row of some) all.push(row);
      }
      return all;
    });
    await db.durable();
    return rows.map((row) => columnsOf(row, wanted));
  }

  /**
   * Bytes of the messages that exist among ascending `uids`, ascending. With `header`, small bodies are read no further than their header. Of several
   * messages, bodies over `messageLimits.batchBodyBytes` are read when their bytes are asked for, so that a batch takes little memory.
   */
  async contents(mailbox: MailboxId, uids: ArrayLike<number>, want: 'header' | 'all'): Promise<StoredMessage[]> {
    const { account, db, blobs } = this.#deps;
    const bytes = want === 'header' ? headerOfBytes : uids.length === 1 ? allBytes : smallBytes;
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
        const isLater = want === 'all' && body === null && blobId === null && sizeBytes > messageLimits.batchBodyBytes;
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

const nullColumn = sql`NULL`;
const wholeColumns = {
  envelope: sql`e.envelope`,
  body: sql`e.body`,
  bodyStructure: sql`e.bodystructure`,
  structure: sql`e.structure`,
};
const most = messageLimits.batchColumnBytes;
const smallColumns = {
  envelope: sql`CASE WHEN octet_length(e.envelope) <= ${most} THEN e.envelope END`,
  body: sql`CASE WHEN octet_length(e.body) <= ${most} THEN e.body END`,
  bodyStructure: sql`CASE WHEN octet_length(e.bodystructure) <= ${most} THEN e.bodystructure END`,
  structure: sql`CASE WHEN octet_length(e.structure) <= ${most} THEN e.structure END`,
};
const allBytes = sql`c.bytes`;
const smallBytes = sql`CASE WHEN c.size_bytes <= ${messageLimits.batchBodyBytes} THEN c.bytes END`;
const headerOfBytes = sql`substr(c.bytes, 1, e.header_bytes - length(e.prefix))`;

function toSend(column: SqlValue | undefined): string | Uint8Array {
  if (typeof column !== 'string') return '';
  return /[^\0-\x7f]/.test(column) ? octetsOf(column) : column;
}

/** BODY as it is stored, or where it is not, made of BODYSTRUCTURE. @throws PartDamaged. */
function bodyOf(body: SqlValue | undefined, bodyStructure: SqlValue | undefined): SqlValue | undefined {
  if (body !== '' || typeof bodyStructure !== 'string') return body;
  try {
    return shortStructure(bodyStructure);
  } catch (cause) {
    if (!(cause instanceof NoBodyStructure)) throw cause;
    throw new PartDamaged('the stored structure of the message is damaged', { cause });
  }
}

function columnsOf(row: SqlValue[], wanted: WantedColumns): MessageColumns {
  const [uid, sizeBytes, receivedMs, saveMs, sentDayMs, envelope, body, bodyStructure, structure, prefixBytes] = row;
  return {
    uid: Number(uid),
    sizeBytes: Number(sizeBytes),
    receivedMs: Number(receivedMs),
    saveMs: Number(saveMs),
    sentDayMs: typeof sentDayMs === 'number' ? sentDayMs : null,
    envelope: toSend(envelope),
    body: wanted.body ? toSend(bodyOf(body, bodyStructure)) : '',
    bodyStructure: wanted.bodyStructure ? toSend(bodyStructure) : '',
    structure: typeof structure === 'string' ? structure : '',
    prefixBytes: typeof prefixBytes === 'number' ? prefixBytes : 0,
    isLarge:
      (wanted.envelope && envelope === null) ||
      (wanted.body && body === null) ||
      ((wanted.body || wanted.bodyStructure) && bodyStructure === null) ||
      (wanted.structure && structure === null),
  };
}
