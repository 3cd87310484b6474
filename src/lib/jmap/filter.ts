import type { Filter } from '#lib/search';
import { isJsonObject, memberOf, type JsonObject, type JsonValue } from './json.ts';
import { jmapLimits, type JmapLimits } from './limits.ts';
import { invalidArgument, MethodError } from './method-error.ts';

/**
 * Reads the argument `filter` (RFC 8620 §5.5). `readCondition` reads one condition, and throws MethodError when it is invalid or not supported.
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
