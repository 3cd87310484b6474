import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import {
  flag,
  listOf,
  oneOf,
  OperationRefused,
  optionalText,
  parseArguments,
  shortText,
  text,
  wholeNumber,
} from './arguments.ts';

const schema = z.strictObject({
  text: text('A text.'),
  other: optionalText('A text.'),
  note: shortText('note', 3, 'A note.'),
  number: wholeNumber(1, 3, 'A number.').optional(),
  flag: flag('A flag.'),
  word: oneOf(['rsa', 'ed25519', 'both'], 'A word.').optional(),
  list: listOf('texts', (error) => z.string(error), 'A list.'),
});

test('parseArguments: what is there comes back, what is absent stays absent', () => {
  const whole = { text: 'a', other: '', note: 'abc', number: 3, flag: false, word: 'both', list: ['x'] };
  assert.deepEqual(parseArguments(schema, whole), whole);
  assert.deepEqual(parseArguments(schema, { text: 'a' }), { text: 'a' });
});

for (const [args, reason] of [
  [null, 'arguments must be an object'],
  [['a'], 'arguments must be an object'],
  ['text', 'arguments must be an object'],
  [{ txet: 'a' }, 'unknown argument txet; it takes text, other, note, number, flag, word, list'],
  [{ text: 7, a: 1, b: 2 }, 'unknown argument a, b; it takes text, other, note, number, flag, word, list'],
  [{}, 'text is missing'],
  [{ text: '' }, 'text is missing'],
  [{ text: 7 }, 'text must be a text'],
  [{ text: null }, 'text must be a text'],
  [{ text: 'a', other: 7 }, 'other must be a text'],
  [{ text: 'a', note: 'abcd' }, 'the note is longer than 3 characters'],
  [{ text: 'a', number: 4 }, 'number must be a whole number from 1 to 3'],
  [{ text: 'a', number: 1.5 }, 'number must be a whole number from 1 to 3'],
  [{ text: 'a', number: 2 ** 60 }, 'number must be a whole number from 1 to 3'],
  [{ text: 'a', number: '2' }, 'number must be a whole number from 1 to 3'],
  [{ text: 'a', flag: 1 }, 'flag must be true or false'],
  [{ text: 'a', word: 'dsa' }, 'word must be rsa, ed25519 or both'],
  [{ text: 'a', list: 'x' }, 'list must be a list of texts'],
  [{ text: 'a', list: ['x', 1] }, 'list must be a list of texts'],
] as const) {
  test(`parseArguments: ${JSON.stringify(args)} is refused: ${reason}`, () => {
    assert.throws(() => parseArguments(schema, args), new OperationRefused(reason));
  });
}

test('parseArguments: an operation without arguments', () => {
  assert.deepEqual(parseArguments(z.strictObject({}), {}), {});
  assert.throws(
    () => parseArguments(z.strictObject({}), { a: 1 }),
    /^OperationRefused: unknown argument a; it takes none$/,
  );
});

test('parseArguments: a required number or word that is absent', () => {
  const required = z.strictObject({ id: wholeNumber(1, 9, 'An id.'), word: oneOf(['a', 'b'], 'A word.') });
  assert.throws(() => parseArguments(required, {}), /id is missing/);
  assert.throws(() => parseArguments(required, { id: 1 }), /word is missing/);
});
