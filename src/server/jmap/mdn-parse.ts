import { jsonObject, MethodError, type JsonObject } from '#lib/jmap';
import { mdnLimits, parseMdn } from '#lib/mdn';
import type { JmapMethod } from '#proto/jmap-server';
import { findBlob } from './blob-bytes.ts';
import type { BlobContent } from './blob-content.ts';
import { emailIds } from './ids.ts';
import { accountOf, type MailContext } from './mail-context.ts';
import { mdnObject, mdnUri } from './mdn-object.ts';

/** MDN/parse (RFC 9007 §2.2). */
export const mdnParse: JmapMethod<MailContext> = {
  name: 'MDN/parse',
  capability: mdnUri,
  run: async (args, context) => {
    const account = accountOf(args, context);
    const blobIds = new Set(args.texts('blobIds'));
    args.end();
    if (blobIds.size > context.limits.maxObjectsInGet)
      throw new MethodError('requestTooLarge', `at most ${context.limits.maxObjectsInGet} blobs in one call`);
    const parsed = new Map<string, JsonObject>();
    const [notParsable, notFound]: [string[], string[]] = [[], []];
    for (const blobId of blobIds) {
      const blob = await findBlob(blobId, context);
      const mdn = blob === null ? null : parseMdn(await beginningOf(blob));
      if (blob === null) notFound.push(blobId);
      else if (mdn === null) notParsable.push(blobId);
      else {
        const forEmailId = await emailFor(mdn.originalMessageId, context);
        const object = mdnObject(
          { ...mdn, includeOriginalMessage: mdn.hasOriginal, forEmailId },
          { without: new Set() },
        );
        parsed.set(blobId, object);
      }
      const pause = account.loop.pause();
      if (pause !== null) await pause;
    }
    const orNull = (ids: readonly string[]): string[] | null => (ids.length === 0 ? null : [...ids]);
    return {
      accountId: context.accountId,
      parsed: parsed.size === 0 ? null : jsonObject(parsed),
      notParsable: orNull(notParsable),
      notFound: orNull(notFound),
    };
  },
};

/** Returns the email that a notification is about; null when there is none, or several have its Message-ID. */
async function emailFor(messageId: string | null, { account }: MailContext): Promise<string | null> {
  if (messageId === null) return null;
  const name = messageId.replace(/^<(.*)>$/, '$1');
  const found = (await account.emails.byMessageId([name])).get(name) ?? [];
  const [email] = found;
  return email === undefined || found.length > 1 ? null : emailIds.write(email);
}

async function beginningOf(blob: BlobContent): Promise<Uint8Array> {
  return await blob.bytes(0, Math.min(blob.sizeBytes, mdnLimits.maxScannedBytes));
}
