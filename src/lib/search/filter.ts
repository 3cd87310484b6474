/** A filter: a tree of operators over conditions. NOT is true when none of its filters is (RFC 8620 §5.5). */
export type Filter<Condition> =
  | { readonly kind: 'condition'; readonly condition: Condition }
  | {
      readonly kind: 'operator';
      readonly operator: 'AND' | 'OR' | 'NOT';
      readonly filters: readonly Filter<Condition>[];
    };

/** Makes the filter of one condition. */
export function where<Condition>(condition: Condition): Filter<Condition> {
  return { kind: 'condition', condition };
}

/** Makes a filter that is true when all of these are. */
export function allOf<Condition>(filters: readonly Filter<Condition>[]): Filter<Condition> {
  return { kind: 'operator', operator: 'AND', filters };
}

/** Makes a filter that is true when any of these is. */
export function anyOf<Condition>(filters: readonly Filter<Condition>[]): Filter<Condition> {
  return { kind: 'operator', operator: 'OR', filters };
}

/** Makes a filter that is true when none of these is. */
export function noneOf<Condition>(filters: readonly Filter<Condition>[]): Filter<Condition> {
  return { kind: 'operator', operator: 'NOT', filters };
}

/** Yields the conditions of a filter. */
export function* conditionsOf<Condition>(filter: Filter<Condition>): Generator<Condition> {
  if (filter.kind === 'condition') yield filter.condition;
  else for (const one of filter.filters) yield* conditionsOf(one);
}

/** Reports whether a filter is true when `matches` answers for its conditions. */
export function isMatch<Condition>(filter: Filter<Condition>, matches: (condition: Condition) => boolean): boolean {
  if (filter.kind === 'condition') return matches(filter.condition);
  const { operator, filters } = filter;
  if (operator === 'AND') return filters.every((one) => isMatch(one, matches));
  const isAny = filters.some((one) => isMatch(one, matches));
  return operator === 'NOT' ? !isAny : isAny;
}
