import { invalidArgument, MethodError } from '#lib/jmap';
import type { JmapMethod } from '#proto/jmap-server';
import { IdentityList, identityObject, identityProperties } from './identity-list.ts';
import { accountOf, getResponse, idsOf, picked, propertiesOf, type MailContext } from './mail-context.ts';
import { submissionUri } from './submission-capability.ts';

/** Returns the identities of the user's account. */
export async function identitiesOf({ account, sending }: MailContext): Promise<IdentityList> {
  return new IdentityList(sending.sender, await account.identities.list());
}

/** Identity/get (RFC 8621 §6.1). */
export const identityGet: JmapMethod<MailContext> = {
  name: 'Identity/get',
  capability: submissionUri,
  run: async (args, context) => {
    accountOf(args, context);
    const ids = idsOf(args, context);
    const names = propertiesOf(args, (name) => identityProperties.includes(name), identityProperties);
    args.end();
    const list = await identitiesOf(context);
    const byId = new Map(list.all.map((identity) => [identity.id, identity]));
    if (ids === null && byId.size > context.limits.maxObjectsInGet)
      throw new MethodError('requestTooLarge', `the account has ${byId.size} identities: name those that are wanted`);
    const wanted = ids ?? [...byId.keys()];
    return getResponse(
      context,
      list.state,
      wanted.flatMap((id) => {
        const identity = byId.get(id);
        return identity === undefined ? [] : [picked(identityObject(identity), names)];
      }),
      wanted.filter((id) => !byId.has(id)),
    );
  },
};

/** Identity/changes (RFC 8621 §6.2). Changes of the configuration are in no log: after one, clients read all identities again. */
export const identityChanges: JmapMethod<MailContext> = {
  name: 'Identity/changes',
  capability: submissionUri,
  run: async (args, context) => {
    accountOf(args, context);
    const since = args.text('sinceState');
    const most = args.unsigned('maxChanges', null);
    args.end();
    if (most === 0) throw invalidArgument('maxChanges', 'a number over 0 is expected');
    const list = await identitiesOf(context);
    const changes = list.changesSince(since);
    if (changes === null)
      throw new MethodError(
        'cannotCalculateChanges',
        'the configuration has changed, or the account never had this state',
      );
    const { created, updated, destroyed } = changes;
    if (most !== null && created.length + updated.length + destroyed.length > most)
      throw new MethodError('cannotCalculateChanges', 'there are more changes than that');
    const { accountId } = context;
    return { accountId, oldState: since, newState: list.state, hasMoreChanges: false, created, updated, destroyed };
  },
};
