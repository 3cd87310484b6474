import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arguments, OperationRefused, refuseArguments } from './arguments.ts';

const known = ['text', 'number', 'flag', 'list'];
const isText = (value: unknown): value is string => typeof value === 'string';

test('Arguments: what is there comes back, what is absent is undefined', () => {
  const given = new Arguments({ text: 'a', number: 3, flag: false, list: ['x'] }, known);
  assert.equal(given.text('text'), 'a');
  assert.equal(given.optionalNumber('number', 1, 3), 3);
  assert.equal(given.optionalFlag('flag'), false);
  assert.deepEqual(given.optionalList('list', 'texts', isText), ['x']);
  const empty = new Arguments({}, known);
  assert.equal(empty.optionalText('text'), undefined);
  assert.equal(empty.optionalNumber('number', 1, 3), undefined);
  assert.equal(empty.optionalFlag('flag'), undefined);
  assert.equal(empty.optionalList('list', 'texts', isText), undefined);
});

for (const [args, reason] of [
  [null, 'arguments must be an object'],
  [['a'], 'arguments must be an object'],
  ['text', 'arguments must be an object'],
  [{ txet: 'a' }, 'unknown argument txet; it takes text, number, flag, list'],
  [{}, 'text is missing'],
  [{ text: '' }, 'text is missing'],
  [{ text: 7 }, 'text must be a text'],
  [{ text: 'a', number: 4 }, 'number must be a whole number from 1 to 3'],
  [{ text: 'a', number: 1.5 }, 'number must be a whole number from 1 to 3'],
  [{ text: 'a', number: '2' }, 'number must be a whole number from 1 to 3'],
  [{ text: 'a', flag: 1 }, 'flag must be true or false'],
  [{ text: 'a', list: 'x' }, 'list must be a list of texts'],
  [{ text: 'a', list: ['x', 1] }, 'list must be a list of texts'],
] as const) {
  test(`Arguments: ${JSON.stringify(args)} is refused: ${reason}`, () => {
    assert.throws(() => {
      const given = new Arguments(args, known);
      given.text('text');
      given.optionalNumber('number', 1, 3);
      given.optionalFlag('flag');
      given.optionalList('list', 'texts', isText);
    }, new OperationRefused(reason));
  });
}

test('refuseArguments', () => {
  refuseArguments({});
  assert.throws(() => refuseArguments({ a: 1 }), /unknown argument a; it takes none/);
});
