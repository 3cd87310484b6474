import { invalidArgument, isJsonObject, jsonObject, MethodError, SetError, type Arguments } from '#lib/jmap';
import { coreUri, type JmapMethod } from '#proto/jmap-server';
import { BlobReads } from './blob-reads.ts';
import { accountOf, type MailContext } from './mail-context.ts';
import { mailUri } from './mail-uri.ts';

/**
 * Email/copy (RFC 8621 §4.7). Users have one account each today, so there is none to copy from; calls are refused as RFC 8620 §5.4 says.
 */
export const emailCopy: JmapMethod<MailContext> = {
  name: 'Email/copy',
  capability: mailUri,
  run: (args, context) => {
    accountOf(args, context);
    const from = args.id('fromAccountId');
    args.text('ifFromInState', null);
    args.text('ifInState', null);
    args.text('destroyFromIfInState', null);
    args.boolean('onSuccessDestroyOriginal', false);
    const create = Object.values(args.object('create'));
    args.end();
    if (create.some((one) => !isJsonObject(one))) throw invalidArgument('create', 'objects are expected');
    // RFC 8620 §5.4: the accounts MUST differ.
    if (from === context.accountId)
      throw invalidArgument('fromAccountId', 'another account than accountId is expected');
    throw noSuchSource();
  },
};

/** Blob/copy (RFC 8620 §6.3). The only account from which a user may copy is the own one, where a blob has its id already. */
export const blobCopy: JmapMethod<MailContext> = {
  name: 'Blob/copy',
  capability: coreUri,
  run: async (args, context, { createdIds }) => {
    accountOf(args, context);
    const fromAccountId = args.id('fromAccountId');
    const blobIds = blobIdsOf(args, context);
    args.end();
    if (fromAccountId !== context.accountId) throw noSuchSource();
    if (context.isReadOnly) throw new MethodError('accountReadOnly', 'this login may read mail only');
    const reads = new BlobReads(context, createdIds);
    const copied: [string, string][] = [];
    const refused: [string, SetError['response']][] = [];
    for (const id of blobIds) {
      const found = await reads.find(id);
      if (found === null) refused.push([id, new SetError('notFound', 'there is no such blob').response]);
      else copied.push([id, found.id]);
    }
    return {
      fromAccountId,
      accountId: context.accountId,
      copied: copied.length === 0 ? null : jsonObject(copied),
      notCopied: refused.length === 0 ? null : jsonObject(refused),
    };
  },
};

function blobIdsOf(args: Arguments, { limits }: MailContext): readonly string[] {
  const ids = [...new Set(args.texts('blobIds'))];
  if (ids.length > limits.maxObjectsInSet)
    throw new MethodError('requestTooLarge', `at most ${limits.maxObjectsInSet} objects in one call`);
  return ids;
}

function noSuchSource(): MethodError {
  return new MethodError('fromAccountNotFound', 'the user has no account with this id');
}
