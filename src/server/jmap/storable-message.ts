import { parseHeader, type HeaderField } from '#lib/message';
import { MimeIndexer } from '#lib/mime';
import { ContentWriter, placeBody, receivedMessageBytes, type ContentMemory } from '#mail/content';
import { describeMessage, encodeBinaryParts, inlinePreview, type NewMessage } from '#mail/messages';
import { acceptanceOf, writeReception } from '#mail/story';
import type { MailContext } from './mail-context.ts';

/** Bytes of a header that are looked at. */
const maxHeaderBytes = 256 * 1024;

/** A message that is taken in and not placed in the account yet. */
export type StorableMessage = Pick<Awaited<ReturnType<typeof encodeBinaryParts>>, 'body' | 'index'>;

/** Room for the bytes of one message. */
interface Room {
  readonly memory: ContentMemory;
  /** Bytes that it may keep without asking for memory. */
  readonly ownBytes?: number;
}

/**
 * Takes in the bytes of a message, in pieces so that others do not wait.
 * @param undo  Drops the incoming bytes, which are no longer needed once the message is placed, or refused.
 */
export async function takeMessage(
  chunks: AsyncIterable<Uint8Array>,
  { account, memory }: Pick<MailContext, 'account' | 'memory'>,
  undo: AsyncDisposableStack,
  room: Room = { memory },
): Promise<StorableMessage> {
  const { blobs, loop } = account;
  const limits = room.ownBytes === undefined ? {} : { ownBytes: room.ownBytes };
  const writer = undo.use(new ContentWriter({ blobs, memory: room.memory, limits }));
  const indexer = new MimeIndexer();
  for await (const chunk of chunks) {
    indexer.push(chunk);
    const waiting = writer.write(chunk);
    if (waiting !== null) await waiting;
    const pause = loop.pause();
    if (pause !== null) await pause;
  }
  const taken = { body: await writer.finish(), index: indexer.finish() };
  return undo.use(await encodeBinaryParts(taken, blobs));
}

/** Returns the fields of the header of a message. */
export async function headerOf({ body, index }: StorableMessage, { account }: MailContext): Promise<HeaderField[]> {
  const end = Math.min(index.root.bodyStart, maxHeaderBytes);
  return parseHeader(await receivedMessageBytes(account.blobs, body).bytes(0, end));
}

/** Places a message in the account, and returns it as it is to be stored, with the client that stores it. */
export async function placedMessage(
  { body, index }: StorableMessage,
  facts: Pick<NewMessage, 'keywords' | 'receivedMs'> & { readonly bits: number },
  { account, sending }: Pick<MailContext, 'account' | 'sending'>,
): Promise<NewMessage> {
  const by = acceptanceOf(sending.newSession());
  sending.log.with({ cid: by.cid }).info('jmap.emailPlaced', { account: account.name });
  return {
    body: await placeBody(account.blobs, body, account.id),
    prefix: new Uint8Array(0),
    described: describeMessage(index),
    flags: facts.bits,
    keywords: facts.keywords,
    receivedMs: facts.receivedMs,
    reception: { remoteIp: null, mailFrom: null, rcptTo: null, validation: writeReception({ by, checks: [] }) },
    preview: await inlinePreview(index, body),
  };
}
