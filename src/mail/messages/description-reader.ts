import type { AccountId, ContentId, MailboxId } from '#lib/ids';
import { listedFields, type ListedFields } from '#lib/message';
import { DescriptionDamaged, MessageDescription } from '#lib/message-description';
import { MimeIndexer } from '#lib/mime';
import type { MessageBytes } from '#mail/content';
import { sql, type Database } from '#ports/database';
import { readOldStructure } from './old-structure.ts';
import { readDescription, writeDescription } from './stored-description.ts';

/** Dependencies of `DescriptionReader`. */
interface DescriptionReaderDeps {
  readonly account: AccountId;
  readonly db: Database;
  readonly contents: (
    mailbox: MailboxId,
    uids: ArrayLike<number>,
    want: 'header' | 'all',
  ) => Promise<{ readonly uid: number; readonly headerSizeBytes: number; readonly content: MessageBytes }[]>;
}

/** The part of a message's row that has its description. */
export interface StoredDescription {
  readonly uid: number;
  readonly email: ContentId;
  readonly prefixBytes: number;
  /** Stored before there were descriptions. */
  readonly isOld: boolean;
  /** As `writeDescription` wrote it; null when it is old, or large and was not read. */
  readonly bytes: Uint8Array | null;
  /** Part tree of an old one; null when it is large and was not read. */
  readonly structure: string | null;
}

const noFields: ListedFields = { bytes: new Uint8Array(0), isPlain: false };

/** Makes descriptions of what rows have: of damaged ones from the bytes of the message, of old ones from its header. */
export class DescriptionReader {
  readonly #deps: DescriptionReaderDeps;

  constructor(deps: DescriptionReaderDeps) {
    this.#deps = deps;
  }

  /**
   * Returns the description of each message, null for those that were not read. Those of old messages have no listed fields unless `oldListed`.
   * @throws ContentDamaged and the like when a description is damaged, and so are the bytes.
   */
  async read(
    mailbox: MailboxId,
    rows: readonly StoredDescription[],
    oldListed: boolean,
  ): Promise<(MessageDescription | null)[]> {
    const old = oldListed ? rows.filter(({ isOld, structure }) => isOld && structure !== null) : [];
    const listed = old.length === 0 ? null : await this.#listedOf(mailbox, old);
    const descriptions: (MessageDescription | null)[] = [];
    for (const row of rows) {
      const { bytes, isOld, structure, prefixBytes, uid } = row;
      if (isOld)
        descriptions.push(structure === null ? null : oldDescription(structure, prefixBytes, listed?.get(uid)));
      else if (bytes === null) descriptions.push(null);
      else descriptions.push(intact(bytes, prefixBytes) ?? (await this.#describedAnew(mailbox, row)));
    }
    return descriptions;
  }

  async #listedOf(mailbox: MailboxId, rows: readonly StoredDescription[]): Promise<ReadonlyMap<number, ListedFields>> {
    const listed = new Map<number, ListedFields>();
    const uids = rows.map(({ uid }) => uid);
    for (const { uid, headerSizeBytes, content } of await this.#deps.contents(mailbox, uids, 'header')) {
      const end = Math.min(headerSizeBytes, maxHeaderBytes);
      listed.set(uid, listedFields(await content.bytes(0, end), end < headerSizeBytes));
    }
    return listed;
  }

  /** Reads the message, describes it again, and puts that in the place of what is damaged. */
  async #describedAnew(
    mailbox: MailboxId,
    { uid, email, prefixBytes }: StoredDescription,
  ): Promise<MessageDescription> {
    const { account, db, contents } = this.#deps;
    const [message] = await contents(mailbox, [uid], 'all');
    if (message === undefined) throw new DescriptionDamaged('the stored description of the message is damaged');
    const indexer = new MimeIndexer();
    for await (const chunk of message.content.stream(prefixBytes, message.content.sizeBytes)) indexer.push(chunk);
    const { listed, root } = indexer.finish();
    const bytes = writeDescription(listed, root);
    await db
      .write((tx) =>
        tx.run(
          sql`UPDATE email SET description = ${bytes} WHERE account = ${account} AND id = ${email} AND description IS NOT NULL`,
        ),
      )
      // The database has troubles that others report; the next reader makes it again.
      .catch(() => undefined);
    return readDescription(bytes, prefixBytes);
  }
}

/** As much of a header as a message's index knows. */
const maxHeaderBytes = 256 * 1024;

function oldDescription(structure: string, prefixBytes: number, listed = noFields): MessageDescription {
  return new MessageDescription(listed, () => readOldStructure(structure, prefixBytes));
}

function intact(bytes: Uint8Array, prefixBytes: number): MessageDescription | null {
  try {
    return readDescription(bytes, prefixBytes);
  } catch (error) {
    if (error instanceof DescriptionDamaged) return null;
    throw error;
  }
}
