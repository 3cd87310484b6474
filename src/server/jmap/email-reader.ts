import type { ContentId } from '#lib/ids';
import type { MessageDescription } from '#lib/message-description';
import type { Account } from '#mail/accounts';
import type { MessageBytes } from '#mail/content';
import type { Email } from '#mail/emails';
import { isMessageDamage } from '#server/conditions';
import { writeBlobId } from './ids.ts';
import { MessageReader } from './message-reader.ts';

const nothing = { description: false, oldListed: false, oldTexts: false, sentDay: false };

/** Facts of an email that its reader need not find. */
interface KnownOfEmail {
  /** Made when the message came. */
  readonly preview?: string;
  readonly description?: MessageDescription;
  /** With `small`, large bodies are read when their bytes are asked for, so that many readers may be kept. Default `all`. */
  readonly bodies?: 'all' | 'small';
}

/** Reads one email, each part of it when it is first asked for. Null where the email is gone meanwhile. */
export class EmailReader extends MessageReader {
  readonly email: Email;
  readonly #account: Account;
  readonly #storedPreview: string | undefined;
  readonly #bodies: 'all' | 'small';
  #madePreview: string | null = null;
  #description: MessageDescription | null = null;
  #bytes: { readonly headerSizeBytes: number; readonly content: MessageBytes } | null = null;

  constructor(account: Account, email: Email, known: KnownOfEmail = {}) {
    super(account.loop);
    this.#account = account;
    this.email = email;
    this.#storedPreview = known.preview;
    this.#description = known.description ?? null;
    this.#bodies = known.bodies ?? 'all';
  }

  get blobId(): string {
    return writeBlobId(this.email.id);
  }

  /** Returns the description of the message. @throws EmailGone. */
  override async description(): Promise<MessageDescription> {
    if (this.#description !== null) return this.#description;
    const { mailbox, uid } = this.#place;
    const [row] = await this.#account.reader.rows(mailbox, [uid], { ...nothing, description: true, oldListed: true });
    const description = row?.description ?? null;
    if (description === null) throw new EmailGone();
    return (this.#description = description);
  }

  /** Returns the bytes of the message. @throws EmailGone. */
  override async bytes(): Promise<MessageBytes> {
    return (await this.#stored()).content;
  }

  /** Returns the length of the message's header with the empty line. @throws EmailGone. */
  override async headerSize(): Promise<number> {
    return (await this.#stored()).headerSizeBytes;
  }

  /** A preview that was not stored and had to be made; null when none was. */
  get madePreview(): string | null {
    return this.#madePreview;
  }

  /** Returns the first text for lists. */
  override async preview(): Promise<string> {
    if (this.#storedPreview !== undefined) return this.#storedPreview;
    return (this.#madePreview = await super.preview());
  }

  get #place(): Email['places'][number] {
    const [place] = this.email.places;
    if (place === undefined) throw new EmailGone();
    return place;
  }

  async #stored(): Promise<{ readonly headerSizeBytes: number; readonly content: MessageBytes }> {
    if (this.#bytes !== null) return this.#bytes;
    const { mailbox, uid } = this.#place;
    const [message] = await this.#account.reader.contents(mailbox, [uid], this.#bodies);
    if (message === undefined) throw new EmailGone();
    return (this.#bytes = message);
  }
}

/** Reports that an email was moved or destroyed while it was read. */
export class EmailGone extends Error {
  override readonly name = 'EmailGone';

  constructor() {
    super('the email is gone meanwhile');
  }
}

/** Makes readers of emails, with their stored previews and descriptions when those are wanted: read in a statement each, not one for each email. */
export async function emailReaders(
  account: Account,
  emails: readonly Email[],
  wanted: { readonly previews: boolean; readonly descriptions: boolean },
): Promise<EmailReader[]> {
  const ids: ContentId[] = wanted.previews ? emails.map(({ id }) => id) : [];
  const previews = await account.reader.previews(ids);
  const descriptions = wanted.descriptions
    ? await descriptionsOf(account, emails)
    : new Map<number, MessageDescription>();
  return emails.map((email) => {
    const [preview, description] = [previews.get(email.id), descriptions.get(email.id)];
    return new EmailReader(account, email, {
      ...(preview !== undefined && { preview }),
      ...(description !== undefined && { description }),
    });
  });
}

/** Reads the descriptions of emails, but for large and damaged ones, which are read one by one when their turn comes. */
async function descriptionsOf(account: Account, emails: readonly Email[]): Promise<Map<number, MessageDescription>> {
  const descriptions = new Map<number, MessageDescription>();
  const placed = emails.flatMap(({ id, places: [place] }) => (place === undefined ? [] : [{ id, ...place }]));
  for (const [mailbox, places] of Map.groupBy(placed, (place) => place.mailbox)) {
    const ids = new Map(places.map(({ uid, id }) => [uid, id]));
    const uids = [...ids.keys()].sort((a, b) => a - b);
    const wanted = { ...nothing, description: true, oldListed: true };
    const rows = await account.reader.rows(mailbox, uids, wanted).catch((error: unknown) => {
      if (isMessageDamage(error)) return [];
      throw error;
    });
    for (const { uid, description } of rows) {
      const id = ids.get(uid);
      if (id !== undefined && description !== null) descriptions.set(id, description);
    }
  }
  return descriptions;
}
