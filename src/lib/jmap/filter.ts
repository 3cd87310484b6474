import { isJsonObject, memberOf, type JsonObject, type JsonValue } from './json.ts';
import { jmapLimits, type JmapLimits } from './limits.ts';
import { invalidArgument, MethodError } from './method-error.ts';

/** A filter: a tree of operators over conditions (RFC 8620 §5.5). */
export type Filter<Condition> =
  | { readonly kind: 'condition'; readonly condition: Condition }
  | { readonly kind: 'operator'; readonly operator: FilterOperator; readonly filters: readonly Filter<Condition>[] };

/** RFC 8620 §5.5: NOT is true when none of its filters is. */
type FilterOperator = 'AND' | 'OR' | 'NOT';

/**
 * Reads the argument `filter`. `readCondition` reads one condition, and throws MethodError when it is invalid or not supported.
 * @throws MethodError.
 */
export function parseFilter<Condition>(
  value: JsonValue,
  readCondition: (condition: JsonObject) => Condition,
  limits: JmapLimits = jmapLimits,
): Filter<Condition> {
  let nodes = 0;
  const read = (node: JsonValue, depth: number): Filter<Condition> => {
    nodes += 1;
    if (nodes > limits.maxFilterNodes || depth > limits.maxFilterDepth)
      throw new MethodError(
        'unsupportedFilter',
        `a filter has at most ${limits.maxFilterNodes} nodes, ${limits.maxFilterDepth} deep`,
      );
    if (!isJsonObject(node)) throw invalidArgument('filter', 'an object is expected');
    const operator = memberOf(node, 'operator');
    if (operator === undefined) return { kind: 'condition', condition: readCondition(node) };
    const conditions = memberOf(node, 'conditions');
    if (operator !== 'AND' && operator !== 'OR' && operator !== 'NOT')
      throw invalidArgument('filter', 'operator is none of AND, OR and NOT');
    if (!Array.isArray(conditions)) throw invalidArgument('filter', 'conditions: an array is expected');
    return { kind: 'operator', operator, filters: conditions.map((one: JsonValue) => read(one, depth + 1)) };
  };
  return read(value, 1);
}

/** Yields the conditions of a filter. */
export function* conditionsOf<Condition>(filter: Filter<Condition>): Generator<Condition> {
  if (filter.kind === 'condition') yield filter.condition;
  else for (const one of filter.filters) yield* conditionsOf(one);
}

/**
 * Reports whether a filter is true when `matches` answers for its conditions; null when that depends on conditions for which it answers null, because more has to be
 * read first.
 */
export function isMatch<Condition>(
  filter: Filter<Condition>,
  matches: (condition: Condition) => boolean | null,
): boolean | null {
  if (filter.kind === 'condition') return matches(filter.condition);
  const { operator, filters } = filter;
  // One that is false decides AND, one that is true the others.
  const deciding = operator !== 'AND';
  let result: boolean | null = !deciding;
  for (const one of filters) {
    const match = isMatch(one, matches);
    if (match === deciding) return operator === 'NOT' ? false : match;
    if (match === null) result = null;
  }
  return operator === 'NOT' && result !== null ? !result : result;
}
