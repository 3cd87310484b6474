import { MethodError, type Arguments, type JsonObject } from '#lib/jmap';
import { writeState, type MailContext } from './mail-context.ts';
import type { ModSeq } from '#lib/ids';

/** Ids in one answer, also when the client sets no limit. */
const maxIds = 10_000;

/** The part of the results that a query asks for (RFC 8620 §5.5). */
export interface QueryWindow {
  readonly position: number;
  readonly anchor: string | null;
  readonly anchorOffset: number;
  readonly limit: number | null;
  readonly withTotal: boolean;
}

/** Reads the arguments of a `/query` call that say which results it wants. */
export function queryWindowOf(args: Arguments): QueryWindow {
  return {
    position: args.int('position', 0),
    anchor: args.id('anchor', null),
    anchorOffset: args.int('anchorOffset', 0),
    limit: args.unsigned('limit', null),
    withTotal: args.boolean('calculateTotal', false),
  };
}

/** Returns the greatest number of ids in the answer. */
export function pageOf({ limit }: QueryWindow): number {
  return Math.min(limit ?? maxIds, maxIds);
}

/** Facts of a query beside its results. */
interface QueryFacts {
  /** Number of all results, where it is known and fewer may be given. */
  readonly total?: number | null;
  readonly canCalculateChanges?: boolean;
}

/**
 * Returns the response of a `/query` call.
 * @throws MethodError anchorNotFound.
 */
export function queryResponse<T>(
  { accountId }: MailContext,
  state: ModSeq | string,
  results: readonly T[],
  window: QueryWindow,
  idOf: (result: T) => string,
  { total = null, canCalculateChanges = true }: QueryFacts = {},
): JsonObject {
  const start = startOf(window, results, idOf);
  const limit = pageOf(window);
  return {
    accountId,
    queryState: typeof state === 'string' ? state : writeState(state),
    canCalculateChanges,
    position: start,
    ids: results.slice(start, start + limit).map(idOf),
    ...(window.withTotal && { total: total ?? results.length }),
    // RFC 8620 §5.5: only when the server set another limit than the client.
    ...(limit !== window.limit && (window.limit !== null || results.length - start > limit) && { limit }),
  };
}

function startOf<T>(
  { position, anchor, anchorOffset }: QueryWindow,
  results: readonly T[],
  idOf: (result: T) => string,
): number {
  const { length } = results;
  if (anchor === null) return Math.min(Math.max(position < 0 ? length + position : position, 0), length);
  const at = results.findIndex((result) => idOf(result) === anchor);
  if (at < 0) throw new MethodError('anchorNotFound', 'the anchor is not among the results');
  return Math.min(Math.max(at + anchorOffset, 0), length);
}
