import { findPart } from '#lib/mime';
import { EmailGone, EmailReader } from './email-reader.ts';
import { readBlobId } from './ids.ts';
import type { MailContext } from './mail-context.ts';

/** Bytes of a blob, which can be read as often as they are needed. */
export interface BlobBytes {
  readonly sizeBytes: number;
  readonly chunks: () => AsyncGenerator<Uint8Array>;
}

/** Finds a blob of the account: an upload, a message, or a decoded part of one; null when there is none. */
export async function findBlob(blobId: string, { account, uploads }: MailContext): Promise<BlobBytes | null> {
  const uploaded = uploads.find(account.id, blobId);
  if (uploaded !== null) return { sizeBytes: uploaded.sizeBytes, chunks: () => uploaded.stream() };
  const name = readBlobId(blobId);
  const email = name === null ? null : (await account.emails.view()).email(name.email);
  if (name === null || email === null) return null;
  const reader = new EmailReader(account, email);
  try {
    if (name.path === null) {
      const content = await reader.bytes();
      return { sizeBytes: content.sizeBytes, chunks: () => content.stream(0, content.sizeBytes) };
    }
    const { root } = await reader.description();
    const part = findPart(root, name.path);
    if (part === null) return null;
    return { sizeBytes: await reader.decodedSize(part), chunks: () => reader.decoded(part) };
  } catch (error) {
    if (error instanceof EmailGone) return null;
    throw error;
  }
}
