import { MimeIndexer } from '#lib/mime';
import { ContentWriter, placeBody, type ReceivedBody } from '#mail/content';
import { describeMessage, type NewMessage } from '#mail/messages';
import type { AccountId } from '#lib/ids';
import type { BlobStore } from '#ports/blobs';
import { hashOf } from './ledger.ts';

const encoder = new TextEncoder();
/** Small, so that bodies in blobs need not be long. */
const inlineBytes = 3000;

/** A message that no other is like. */
export interface Letter {
  readonly prefix: Uint8Array;
  readonly bytes: Uint8Array;
  /** Of prefix and bytes. */
  readonly hash: string;
  readonly isLarge: boolean;
}

/** Writes letters: small ones that stay in the database, large ones that become blobs. */
export function writeLetter(random: () => number, number: number, largeShare = 0.35): Letter {
  const isLarge = random() < largeShare;
  const sizeBytes = isLarge ? inlineBytes + 1 + Math.floor(random() * 12_000) : Math.floor(random() * 1500);
  const line = `letter ${number} ${'x'.repeat(60)}\r\n`;
  const text = line.repeat(Math.ceil(sizeBytes / line.length) + 1);
  const header = `From: <a@example.org>\r\nSubject: letter ${number % 7}\r\nMessage-ID: <${number}.${Math.floor(random() * 1e9)}@example.org>\r\n\r\n`;
  const bytes = encoder.encode(header + text);
  const prefix = encoder.encode(random() < 0.7 ? `X-Number: ${number}\r\n` : '');
  return { prefix, bytes, hash: hashOf(prefix, bytes), isLarge };
}

/** The letter as SMTP or APPEND would have received it; dispose the writer when it is placed. */
export async function receive(
  blobs: BlobStore,
  letter: Letter,
): Promise<{ readonly writer: ContentWriter; readonly body: ReceivedBody }> {
  const writer = new ContentWriter({ blobs, limits: { inlineBytes } });
  for (let at = 0; at < letter.bytes.length; at += 2000) await writer.write(letter.bytes.subarray(at, at + 2000));
  return { writer, body: await writer.finish() };
}

/** The structure of a letter. */
export function indexOf(letter: Letter): ReturnType<MimeIndexer['finish']> {
  const indexer = new MimeIndexer();
  indexer.push(letter.bytes);
  return indexer.finish();
}

/** The letter as `Messages.append` takes it. */
export async function toAppend(
  blobs: BlobStore,
  letter: Letter,
  body: ReceivedBody,
  account: AccountId,
  more: Pick<NewMessage, 'flags' | 'keywords' | 'receivedMs'>,
): Promise<NewMessage> {
  return {
    body: await placeBody(blobs, body, account),
    prefix: letter.prefix,
    described: describeMessage(indexOf(letter)),
    reception: null,
    preview: null,
    ...more,
  };
}
