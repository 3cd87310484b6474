import { MethodError, type JsonObject } from '#lib/jmap';
import type { EmailView } from '#mail/emails';
import type { JmapMethod } from '#proto/jmap-server';
import { blobUri, lookupTypes } from './blob-capability.ts';
import { emailIds, mailboxIds, readBlobId, threadIds } from './ids.ts';
import { accountOf, type MailContext } from './mail-context.ts';
import { mailUri } from './mail-uri.ts';
import { resolvedId } from './set-call.ts';

type LookupType = (typeof lookupTypes)[number];

/** Blob/lookup (RFC 9404 §4.3): the emails whose messages, or parts of them, are given blobs, with their threads and mailboxes. */
export const blobLookup: JmapMethod<MailContext> = {
  name: 'Blob/lookup',
  capability: blobUri,
  run: async (args, context, { createdIds, using }) => {
    const account = accountOf(args, context);
    const typeNames = [...new Set(args.texts('typeNames'))];
    const ids = [...new Set(args.texts('ids'))];
    args.end();
    const types = typeNames.map((name) => lookupType(name, using));
    if (ids.length > context.limits.maxObjectsInGet)
      throw new MethodError('requestTooLarge', `at most ${context.limits.maxObjectsInGet} objects in one call`);
    const view = await account.emails.view();
    const list = ids.map((given): JsonObject => {
      const id = resolvedId(given, createdIds) ?? given;
      const matched = matchedIds(id, view);
      // RFC 9404 §4.3: a blob that does not exist is not told from one to which nothing refers.
      return { id, matchedIds: Object.fromEntries(types.map((type) => [type, matched[type]])) };
    });
    return { accountId: context.accountId, list, notFound: [] };
  },
};

/** @throws MethodError unknownDataType, also for types whose capability the request does not use. */
function lookupType(name: string, using: ReadonlySet<string>): LookupType {
  const type = lookupTypes.find((one) => one === name);
  if (type === undefined || !using.has(mailUri))
    throw new MethodError('unknownDataType', `there is no type ${name.slice(0, 100)} to look up blobs by`);
  return type;
}

function matchedIds(blobId: string, view: EmailView): Readonly<Record<LookupType, readonly string[]>> {
  const base = readBlobId(blobId)?.base;
  const email = base !== undefined && 'email' in base ? view.email(base.email) : null;
  if (email === null) return { Mailbox: [], Thread: [], Email: [] };
  return {
    Mailbox: email.places.map(({ mailbox }) => mailboxIds.write(mailbox)),
    Thread: [threadIds.write(email.thread)],
    Email: [emailIds.write(email.id)],
  };
}
