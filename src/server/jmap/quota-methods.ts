import {
  Arguments,
  invalidArgument,
  isJsonObject,
  MethodError,
  parseFilter,
  type JsonObject,
  type JsonValue,
} from '#lib/jmap';
import { isMatch } from '#lib/search';
import type { JmapMethod, MethodCall } from '#proto/jmap-server';
import { accountOf, getResponse, idsOf, picked, propertiesOf, type MailContext } from './mail-context.ts';
import { mailUri } from './mail-uri.ts';
import { queryResponse, queryWindowOf } from './query-window.ts';
import { stateOf, type Usage } from './quota-state.ts';

/** URI of the quota capability (RFC 9425 §2). */
export const quotaUri = 'urn:ietf:params:jmap:quota';

/** Id of the only quota of an account: what its messages may take. */
const quotaId = 'Q1';

const properties = ['id', 'resourceType', 'used', 'hardLimit', 'scope', 'name', 'types'];

/** A quota as clients see it (RFC 9425 §4.1). */
interface Quota extends JsonObject {
  readonly id: string;
  readonly name: string;
  readonly scope: string;
  readonly resourceType: string;
  readonly types: readonly string[];
}

async function usageOf({ account, quotaBytes }: MailContext): Promise<Usage> {
  return { usedBytes: await account.mailboxes.sizeBytes(), limitBytes: quotaBytes };
}

/** RFC 9425 §4.1: quotas about types of capabilities that the request does not use are left out. */
function quotasOf({ usedBytes, limitBytes }: Usage, { using }: MethodCall): Quota[] {
  if (limitBytes === 0 || !using.has(mailUri)) return [];
  return [
    {
      id: quotaId,
      resourceType: 'octets',
      used: usedBytes,
      hardLimit: limitBytes,
      scope: 'account',
      name: 'Mail',
      types: ['Email'],
    },
  ];
}

/** Quota/get (RFC 9425 §4.2). */
export const quotaGet: JmapMethod<MailContext> = {
  name: 'Quota/get',
  capability: quotaUri,
  run: async (args, context, call) => {
    accountOf(args, context);
    const ids = idsOf(args, context);
    const names = propertiesOf(args, (name) => properties.includes(name), properties);
    args.end();
    const usage = await usageOf(context);
    const quotas = quotasOf(usage, call);
    const found = quotas.filter(({ id }) => ids === null || ids.includes(id));
    return getResponse(
      context,
      stateOf(usage),
      found.map((quota) => picked(quota, names)),
      (ids ?? []).filter((id) => !quotas.some((quota) => quota.id === id)),
    );
  },
};

/** Quota/changes (RFC 9425 §4.3). */
export const quotaChanges: JmapMethod<MailContext> = {
  name: 'Quota/changes',
  capability: quotaUri,
  run: async (args, context) => {
    accountOf(args, context);
    const oldState = args.text('sinceState');
    if (args.unsigned('maxChanges', null) === 0) throw invalidArgument('maxChanges', 'a number over 0 is expected');
    args.end();
    const [, used, limit] = /^(\d{1,16})-(\d{1,16})$/.exec(oldState) ?? [];
    if (used === undefined) throw new MethodError('cannotCalculateChanges', 'the account never had this state');
    const usage = await usageOf(context);
    const [existed, exists] = [Number(limit) > 0, usage.limitBytes > 0];
    const isSameLimit = Number(limit) === usage.limitBytes;
    const isUpdated = existed && exists && (!isSameLimit || Number(used) !== usage.usedBytes);
    return {
      accountId: context.accountId,
      oldState,
      newState: stateOf(usage),
      hasMoreChanges: false,
      updatedProperties: isUpdated && isSameLimit ? ['used'] : null,
      created: exists && !existed ? [quotaId] : [],
      updated: isUpdated ? [quotaId] : [],
      destroyed: existed && !exists ? [quotaId] : [],
    };
  },
};

/** Quota/query (RFC 9425 §4.4). */
export const quotaQuery: JmapMethod<MailContext> = {
  name: 'Quota/query',
  capability: quotaUri,
  run: async (args, context, call) => {
    accountOf(args, context);
    const given = args.object('filter', null);
    const filter = given === null ? null : parseFilter(given, readCondition, context.limits);
    checkSort(args.value('sort'));
    const window = queryWindowOf(args);
    args.end();
    const usage = await usageOf(context);
    const results = quotasOf(usage, call).filter((quota) => filter === null || isMatch(filter, (test) => test(quota)));
    return queryResponse(context, stateOf(usage), results, window, ({ id }) => id, { canCalculateChanges: false });
  },
};

/** Quota/queryChanges (RFC 9425 §4.5): clients ask again, as `canCalculateChanges` says. */
export const quotaQueryChanges: JmapMethod<MailContext> = {
  name: 'Quota/queryChanges',
  capability: quotaUri,
  run: async (args, context) => {
    accountOf(args, context);
    throw new MethodError('cannotCalculateChanges', 'changes of queries are not kept: query again');
  },
};

/** Reads a FilterCondition (RFC 9425 §4.4). @throws MethodError. */
function readCondition(condition: JsonObject): (quota: Quota) => boolean {
  const args = new Arguments(condition);
  const tests = Object.keys(condition).map((name): ((quota: Quota) => boolean) => {
    const wanted = args.text(name);
    switch (name) {
      case 'name':
        return (quota) => quota.name.includes(wanted);
      case 'scope':
      case 'resourceType':
        return (quota) => quota[name] === wanted;
      case 'type':
        return ({ types }) => types.includes(wanted);
      default:
        throw new MethodError('unsupportedFilter', `quotas cannot be filtered by ${name.slice(0, 100)}`);
    }
  });
  return (quota) => tests.every((test) => test(quota));
}

/** One quota is always in order; a sort must be one that the server has all the same. @throws MethodError. */
function checkSort(value: JsonValue): void {
  const comparators: JsonValue = value ?? [];
  if (!Array.isArray(comparators)) throw invalidArgument('sort', 'an array is expected');
  for (const comparator of comparators as readonly JsonValue[]) {
    if (!isJsonObject(comparator)) throw invalidArgument('sort', 'objects are expected');
    const args = new Arguments(comparator);
    const property = args.text('property');
    args.boolean('isAscending', true);
    if (args.text('collation', null) !== null || (property !== 'name' && property !== 'used'))
      throw new MethodError('unsupportedSort', `quotas cannot be sorted by ${property.slice(0, 100)}`);
    args.end();
  }
}
