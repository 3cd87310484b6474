import { jsonObject, MethodError, type JsonObject } from '#lib/jmap';
import { ContentWriter, receivedMessageBytes } from '#mail/content';
import type { JmapMethod } from '#proto/jmap-server';
import { isDirect, type BlobContent } from './blob-content.ts';
import { BlobMessage } from './blob-message.ts';
import { BlobReads, nullIfDamaged } from './blob-reads.ts';
import { emailArgumentsOf } from './email-arguments.ts';
import { defaultProperties, emailObject, isEmailProperty, type EmailArguments } from './email-object.ts';
import { accountOf, askedPropertiesOf, type MailContext } from './mail-context.ts';
import { mailUri } from './mail-uri.ts';

/** Properties unless others are asked for (RFC 8621 §4.9): those that a message has by itself. */
const messageProperties = defaultProperties.filter(
  (name) => !['id', 'blobId', 'threadId', 'mailboxIds', 'keywords', 'size', 'receivedAt'].includes(name),
);

/** Email/parse (RFC 8621 §4.9): uploads, messages and parts that are messages, also encoded ones and those within each other. */
export const emailParse: JmapMethod<MailContext> = {
  name: 'Email/parse',
  capability: mailUri,
  run: async (args, context, { createdIds }) => {
    accountOf(args, context);
    const { maxObjectsInGet } = context.limits;
    const blobIds = new Set(args.texts('blobIds'));
    const wanted = emailArgumentsOf(args, askedPropertiesOf(args, isEmailProperty, messageProperties));
    args.end();
    if (blobIds.size > maxObjectsInGet)
      throw new MethodError('requestTooLarge', `at most ${maxObjectsInGet} blobs in one call`);
    const parsed = new Map<string, JsonObject>();
    const notParsable: string[] = [];
    const notFound: string[] = [];
    const reads = new BlobReads(context, createdIds);
    for (const given of blobIds) {
      const found = await reads.find(given);
      if (found === null) {
        notFound.push(given);
        continue;
      }
      const { id, content } = found;
      reads.count(content.sizeBytes);
      const object = await parsedEmail(id, content, wanted, context).catch(nullIfDamaged);
      if (object === null) notParsable.push(given);
      else parsed.set(id, object);
    }
    return {
      accountId: context.accountId,
      parsed: parsed.size === 0 ? null : jsonObject(parsed),
      notParsable: notParsable.length === 0 ? null : notParsable,
      notFound: notFound.length === 0 ? null : notFound,
    };
  },
};

/** Returns the Email object of a blob; null when it has no header field, and so is no message. */
async function parsedEmail(
  blobId: string,
  content: BlobContent,
  wanted: EmailArguments,
  context: MailContext,
): Promise<JsonObject | null> {
  await using undo = new AsyncDisposableStack();
  const direct = isDirect(content) ? content : await copied(content, context, undo);
  const message = new BlobMessage(blobId, direct, context.account.loop);
  const fields = await message.header();
  if (fields.every(({ name }) => name === '')) return null;
  return await emailObject(message, wanted);
}

/** Decodes content once, so that each of its parts can be read without decoding what is before it. */
async function copied(
  content: BlobContent,
  { account, memory }: MailContext,
  undo: AsyncDisposableStack,
): Promise<BlobContent> {
  const writer = undo.use(new ContentWriter({ blobs: account.blobs, memory }));
  for await (const chunk of content.stream()) await writer.write(chunk);
  return receivedMessageBytes(account.blobs, await writer.finish());
}
