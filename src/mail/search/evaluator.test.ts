import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { allOf, anyOf, isMatch, noneOf, where, type Filter } from '#lib/search';
import { FakeLoop } from '#testing/fake-loop';
import { Cost, Evaluator, type SearchSpace } from './evaluator.ts';

/** A condition that numbers with a remainder meet. */
interface Remainder {
  readonly divisor: number;
  readonly cost: Cost;
}

class NumberSpace implements SearchSpace<Remainder> {
  readonly loop = new FakeLoop();
  readonly unknown = new Map<number, unknown>();
  /** Cost and number of candidates of each question. */
  readonly questions: (readonly [cost: Cost, conditions: number, candidates: number])[] = [];
  readonly #damaged: number;

  constructor(damaged = -1) {
    this.#damaged = damaged;
  }

  cost({ cost }: Remainder): Cost {
    return cost;
  }

  find(conditions: readonly Remainder[], candidates: Uint32Array): Promise<Uint32Array> {
    const [first] = conditions;
    this.questions.push([first?.cost ?? Cost.Memory, conditions.length, candidates.length]);
    if (first?.cost === Cost.Bodies && candidates.includes(this.#damaged)) this.unknown.set(this.#damaged, 'damaged');
    return Promise.resolve(
      candidates.filter(
        (number) => !this.unknown.has(number) && conditions.every(({ divisor }) => number % divisor === 0),
      ),
    );
  }
}

const numbers = Uint32Array.from({ length: 60 }, (_unused, i) => i + 1);
const condition = fc.record({ divisor: fc.integer({ min: 1, max: 6 }), cost: fc.constantFrom(...Object.values(Cost)) });
const { tree } = fc.letrec<{ tree: Filter<Remainder> }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    condition.map((one) => where(one)),
    fc
      .tuple(fc.constantFrom(allOf, anyOf, noneOf), fc.array(tie('tree'), { maxLength: 4 }))
      .map(([make, filters]) => make(filters)),
  ),
}));

test('Evaluator finds what a filter is true for', async () => {
  await fc.assert(
    fc.asyncProperty(tree, async (filter) => {
      const found = await new Evaluator(new NumberSpace()).find(filter, numbers);
      const want = numbers.filter((number) => isMatch(filter, ({ divisor }) => number % divisor === 0));
      assert.deepEqual([...found], [...want]);
    }),
    { numRuns: 300 },
  );
});

test('Evaluator: cheap conditions come first, and texts of one kind are asked for together', async () => {
  const space = new NumberSpace();
  const remainder = (divisor: number, cost: Cost): Filter<Remainder> => where({ divisor, cost });
  const text = (divisor: number): Filter<Remainder> => remainder(divisor, Cost.Bodies);
  const filter = allOf([
    text(2),
    remainder(7, Cost.Rows),
    text(3),
    remainder(1, Cost.Fields),
    remainder(2, Cost.Memory),
  ]);
  assert.deepEqual([...(await new Evaluator(space).find(filter, numbers))], [42]);
  assert.deepEqual(space.questions, [
    [Cost.Memory, 1, 60],
    [Cost.Rows, 1, 30],
    [Cost.Fields, 1, 4],
    [Cost.Bodies, 2, 4],
  ]);
});

test('Evaluator: a damaged message is found neither by a condition nor by its opposite', async () => {
  const condition = where({ divisor: 2, cost: Cost.Bodies });
  for (const filter of [condition, noneOf([condition])]) {
    const found = await new Evaluator(new NumberSpace(4)).find(filter, Uint32Array.of(3, 4, 5, 6));
    assert.ok(!found.includes(4));
    assert.equal(found.length, filter === condition ? 1 : 2);
  }
});
