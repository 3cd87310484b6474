import { MethodError, type Arguments, type JsonObject } from '#lib/jmap';
import type { ModSeq } from '#lib/ids';
import { writeState, type MailContext } from './mail-context.ts';

/** Arguments that all `/queryChanges` calls have (RFC 8620 §5.6). */
export interface QueryChangesCall {
  readonly sinceQueryState: string;
  readonly maxChanges: number | null;
  /** The last result that the client knows; null when it does not say. */
  readonly upToId: string | null;
  readonly withTotal: boolean;
}

/** Reads these arguments. @throws MethodError. */
export function queryChangesCallOf(args: Arguments): QueryChangesCall {
  return {
    sinceQueryState: args.text('sinceQueryState'),
    maxChanges: args.unsigned('maxChanges', null),
    upToId: args.id('upToId', null),
    withTotal: args.boolean('calculateTotal', false),
  };
}

/** Changes of the results of a query, in the ids of its objects. */
export interface ResultChanges {
  /** State of `results`, or an older one. */
  readonly state: ModSeq;
  /** All results, in their order. */
  readonly results: readonly string[];
  /** Objects that are to be removed and, where they are results, put in again. */
  readonly touched: ReadonlySet<string>;
  /** Neither the filter nor the order depends on what may change. */
  readonly isImmutable: boolean;
}

/** Returns the response of a `/queryChanges` call. @throws MethodError tooManyChanges. */
export function queryChangesResponse(
  { accountId }: MailContext,
  { sinceQueryState, maxChanges, upToId, withTotal }: QueryChangesCall,
  { state, results, touched, isImmutable }: ResultChanges,
): JsonObject {
  // RFC 8620 §5.6: what follows the client's last result is omitted, unless results may have moved.
  const last = isImmutable && upToId !== null ? results.indexOf(upToId) : -1;
  const known = last < 0 ? results : results.slice(0, last + 1);
  const added = known.flatMap((id, index) => (touched.has(id) ? [{ id, index }] : []));
  if (maxChanges !== null && touched.size + added.length > maxChanges)
    throw new MethodError('tooManyChanges', 'more changes than maxChanges allows');
  return {
    accountId,
    oldQueryState: sinceQueryState,
    newQueryState: writeState(state),
    ...(withTotal && { total: results.length }),
    removed: [...touched],
    added,
  };
}
