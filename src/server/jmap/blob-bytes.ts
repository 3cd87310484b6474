import { findPart } from '#lib/mime';
import type { BlobContent } from './blob-content.ts';
import { BlobMessage } from './blob-message.ts';
import { EmailGone, EmailReader } from './email-reader.ts';
import { readBlobId } from './ids.ts';
import type { MailContext } from './mail-context.ts';
import type { MessageReader } from './message-reader.ts';

/** Finds a blob of the account: an upload, a message, or a decoded part of one, also within attached messages (RFC 8621 §4.1.4); null when there is none. */
export async function findBlob(blobId: string, context: MailContext): Promise<BlobContent | null> {
  const name = readBlobId(blobId);
  if (name === null) return null;
  try {
    let message = await outerMessage(name.base, context);
    if (message === null) return null;
    for (const [i, path] of name.paths.entries()) {
      const { root } = await message.description();
      const part = findPart(root, path);
      if (part === null) return null;
      const content = await message.partContent(part);
      if (i === name.paths.length - 1) return content;
      message = new BlobMessage(message.partBlobId(path), content, context.account.loop);
    }
    return await message.bytes();
  } catch (error) {
    if (error instanceof EmailGone) return null;
    throw error;
  }
}

async function outerMessage(
  base: { readonly email: number } | { readonly upload: string },
  { account, uploads }: MailContext,
): Promise<MessageReader | null> {
  if ('upload' in base) {
    const uploaded = uploads.find(account.id, base.upload);
    return uploaded === null ? null : new BlobMessage(base.upload, uploaded, account.loop);
  }
  const email = (await account.emails.view()).email(base.email);
  return email === null ? null : new EmailReader(account, email, { bodies: 'small' });
}
