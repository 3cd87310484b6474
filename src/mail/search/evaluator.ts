import { union, without, type Filter } from '#lib/search';
import type { EventLoop } from '#ports/event-loop';

/** Source of the data for a condition, cheapest first: memory, rows and columns, texts of fields, texts of whole messages. */
export const Cost = { Memory: 0, Rows: 1, Fields: 2, Bodies: 3 } as const;
export type Cost = (typeof Cost)[keyof typeof Cost];

/** Messages in which is searched, each by a number, and their answers to conditions. */
export interface SearchSpace<Condition> {
  readonly loop: EventLoop;
  cost(condition: Condition): Cost;
  /** Returns those of ascending candidates that meet all of these conditions, which have the same cost; ascending. */
  find(conditions: readonly Condition[], candidates: Uint32Array): Promise<Uint32Array>;
  /** Candidates that could not be compared with a condition, because they are damaged: neither it nor its opposite finds them. */
  readonly unknown: ReadonlyMap<number, unknown>;
}

const nothing: Uint32Array = new Uint32Array(0);

/** Finds messages: one evaluator over ascending lists of candidates, narrowed condition by condition, cheapest first. */
export class Evaluator<Condition> {
  readonly #space: SearchSpace<Condition>;

  constructor(space: SearchSpace<Condition>) {
    this.#space = space;
  }

  /** Returns those of ascending candidates that a filter is true for, ascending. */
  async find(filter: Filter<Condition>, candidates: Uint32Array): Promise<Uint32Array> {
    // Each operator goes over all candidates.
    const pause = this.#space.loop.pause();
    if (pause !== null) await pause;
    if (candidates.length === 0) return nothing;
    if (filter.kind === 'condition') return await this.#space.find([filter.condition], candidates);
    const { operator, filters } = filter;
    if (operator === 'AND') return await this.#findAll(filters, candidates);
    const found = await this.#findAny(filters, candidates);
    return operator === 'OR' ? found : this.#opposite(candidates, found);
  }

  async #findAny(filters: readonly Filter<Condition>[], candidates: Uint32Array): Promise<Uint32Array> {
    let found = nothing;
    let left = candidates;
    for (const filter of this.#cheapestFirst(filters)) {
      const more = await this.find(filter, left);
      found = union(found, more);
      left = without(left, more);
    }
    return found;
  }

  async #findAll(filters: readonly Filter<Condition>[], candidates: Uint32Array): Promise<Uint32Array> {
    let left = candidates;
    const texts: Condition[] = [];
    for (const filter of this.#cheapestFirst(filters)) {
      const cost = this.#cost(filter);
      if (filter.kind === 'condition' && cost >= Cost.Fields) texts.push(filter.condition);
      else left = await this.find(filter, left);
    }
    // All texts of one kind together: each message is read once for all of them, and few bodies are read.
    for (const cost of [Cost.Fields, Cost.Bodies]) {
      const some = texts.filter((condition) => this.#space.cost(condition) === cost);
      if (some.length > 0 && left.length > 0) left = await this.#space.find(some, left);
    }
    return left;
  }

  /** Returns the candidates that are not in `found`, without those for which the result is unknown. */
  #opposite(candidates: Uint32Array, found: Uint32Array): Uint32Array {
    const left = without(candidates, found);
    const { unknown } = this.#space;
    return unknown.size === 0 ? left : left.filter((number) => !unknown.has(number));
  }

  #cheapestFirst(filters: readonly Filter<Condition>[]): readonly Filter<Condition>[] {
    return filters.length < 2 ? filters : filters.toSorted((a, b) => this.#cost(a) - this.#cost(b));
  }

  /** The cost of the most expensive condition. */
  #cost(filter: Filter<Condition>): Cost {
    if (filter.kind === 'condition') return this.#space.cost(filter.condition);
    return filter.filters.reduce<Cost>((most, one) => {
      const cost = this.#cost(one);
      return cost > most ? cost : most;
    }, Cost.Memory);
  }
}
