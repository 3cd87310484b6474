import type { ContentId } from '#lib/ids';
import { decode, normalizeCharset } from '#lib/charset';
import { joinBytes } from '#lib/codecs';
import { findParameter, parseHeader, type HeaderField } from '#lib/message';
import type { MessageDescription } from '#lib/message-description';
import { decodeBody, preview, type Part } from '#lib/mime';
import type { Account } from '#mail/accounts';
import type { MessageBytes } from '#mail/content';
import type { Email } from '#mail/emails';
import { isMessageDamage } from '#server/conditions';

/** Bytes of a header that are read. */
const maxHeaderBytes = 256 * 1024;
/** Encoded bytes of a text part that are read for its value; a longer one is truncated. */
const maxTextBytes = 5_000_000;

const nothing = { description: false, oldListed: false, oldTexts: false, sentDay: false };

/** Reads one email, each part of it when it is first asked for. Null where the email is gone meanwhile. */
export class EmailReader {
  readonly email: Email;
  readonly #account: Account;
  readonly #storedPreview: string | undefined;
  #madePreview: string | null = null;
  #description: MessageDescription | null = null;
  #bytes: { readonly headerSizeBytes: number; readonly content: MessageBytes } | null = null;

  /** @param known  What was read for several emails at once: the preview that was made when the message came, and the description. */
  constructor(
    account: Account,
    email: Email,
    known: { readonly preview?: string; readonly description?: MessageDescription } = {},
  ) {
    this.#account = account;
    this.email = email;
    this.#storedPreview = known.preview;
    this.#description = known.description ?? null;
  }

  /** Returns the description of the message. @throws EmailGone. */
  async description(): Promise<MessageDescription> {
    if (this.#description !== null) return this.#description;
    const { mailbox, uid } = this.#place;
    const [row] = await this.#account.reader.rows(mailbox, [uid], { ...nothing, description: true, oldListed: true });
    const description = row?.description ?? null;
    if (description === null) throw new EmailGone();
    return (this.#description = description);
  }

  /** Returns the bytes of the message. @throws EmailGone. */
  async bytes(): Promise<MessageBytes> {
    return (await this.#stored()).content;
  }

  /** Returns the length of the message's header with the empty line. @throws EmailGone. */
  async headerSize(): Promise<number> {
    return (await this.#stored()).headerSizeBytes;
  }

  /** Returns all fields of the message's header. */
  async header(): Promise<readonly HeaderField[]> {
    const { headerSizeBytes, content } = await this.#stored();
    return parseHeader(await content.bytes(0, Math.min(headerSizeBytes, maxHeaderBytes)));
  }

  /** Returns all fields of a part's header. */
  async partHeader(part: Part): Promise<readonly HeaderField[]> {
    const content = await this.bytes();
    return parseHeader(
      await content.bytes(part.headerStart, Math.min(part.bodyStart, part.headerStart + maxHeaderBytes)),
    );
  }

  /** Returns the number of bytes of a part after decoding. */
  async decodedSize(part: Part): Promise<number> {
    if (part.encoding !== 'base64' && part.encoding !== 'quoted-printable') return part.end - part.bodyStart;
    let size = 0;
    for await (const chunk of this.decoded(part)) size += chunk.length;
    return size;
  }

  /** Yields the bytes of a part after decoding. */
  async *decoded(part: Part, maxBytes: number = Number.MAX_SAFE_INTEGER): AsyncGenerator<Uint8Array> {
    const content = await this.bytes();
    const decoder = decodeBody(part.encoding);
    for await (const chunk of content.stream(part.bodyStart, Math.min(part.end, part.bodyStart + maxBytes))) {
      yield decoder.push(chunk);
      const pause = this.#account.loop.pause();
      if (pause !== null) await pause;
    }
    yield decoder.finish();
  }

  /** Returns the text of a part with LF at line ends, in at most `maxBytes` of UTF-8 (RFC 8621 §4.1.4, §4.2); 0 is no limit. */
  async text(part: Part, maxBytes: number): Promise<BodyText> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.decoded(part, maxTextBytes)) chunks.push(chunk);
    const isCut = part.end - part.bodyStart > maxTextBytes;
    const charset = findParameter(part.params, 'charset');
    const text = decode(joinBytes(chunks), charset).replaceAll('\r\n', '\n').toWellFormed();
    const isKnown = charset === null || normalizeCharset(charset) !== null;
    const value = maxBytes === 0 ? text : truncated(text, maxBytes);
    const shown = value.length < text.length && part.subtype === 'html' ? value.replace(/<[^<>]*$/, '') : value;
    return {
      value: shown,
      isEncodingProblem: !isKnown || !knownEncodings.has(part.encoding) || text.includes('\uFFFD'),
      isTruncated: isCut || value.length < text.length,
    };
  }

  /** A preview that was not stored and had to be made; null when none was. */
  get madePreview(): string | null {
    return this.#madePreview;
  }

  /** Returns the first text for lists. */
  async preview(): Promise<string> {
    if (this.#storedPreview !== undefined) return this.#storedPreview;
    const { root } = await this.description();
    const content = await this.bytes();
    const text = await preview({ root }, async (start, end) => await content.bytes(start, end));
    return (this.#madePreview = text.replaceAll('\0', '').toWellFormed());
  }

  get #place(): Email['places'][number] {
    const [place] = this.email.places;
    if (place === undefined) throw new EmailGone();
    return place;
  }

  async #stored(): Promise<{ readonly headerSizeBytes: number; readonly content: MessageBytes }> {
    if (this.#bytes !== null) return this.#bytes;
    const { mailbox, uid } = this.#place;
    const [message] = await this.#account.reader.contents(mailbox, [uid], 'all');
    if (message === undefined) throw new EmailGone();
    return (this.#bytes = message);
  }
}

/** Text of a part. */
export interface BodyText {
  readonly value: string;
  readonly isEncodingProblem: boolean;
  readonly isTruncated: boolean;
}

/** Reports that an email was moved or destroyed while it was read. */
export class EmailGone extends Error {
  override readonly name = 'EmailGone';

  constructor() {
    super('the email is gone meanwhile');
  }
}

const knownEncodings = new Set(['7bit', '8bit', 'binary', 'base64', 'quoted-printable']);

/** Returns the beginning of a text that has at most so many bytes in UTF-8, without half a character (RFC 8621 §4.2). */
export function truncated(text: string, maxBytes: number): string {
  // Each code unit takes at least one byte.
  const bytes = new TextEncoder().encode(text.slice(0, maxBytes + 1));
  if (bytes.length <= maxBytes && text.length <= maxBytes) return text;
  let end = Math.min(maxBytes, bytes.length);
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return new TextDecoder().decode(bytes.subarray(0, end));
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
