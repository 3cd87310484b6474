import assert from 'node:assert/strict';
import { constants, DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { compiledOnce } from './compiled-once.ts';

test('compiledOnce: a statement with LIMIT and OFFSET is compiled once, and answers the same', () => {
  using database = new DatabaseSync(':memory:');
  database.exec('CREATE TABLE number (n INTEGER PRIMARY KEY); INSERT INTO number VALUES (1), (2), (3), (4)');
  let questions = 0;
  database.setAuthorizer(() => {
    questions += 1;
    return constants.SQLITE_OK;
  });
  const statement = database.prepare(compiledOnce('SELECT n FROM number WHERE n > ? ORDER BY n LIMIT ? OFFSET ?'));
  statement.setReturnArrays(true);
  assert.ok(questions > 0, 'compiling asks the authorizer');
  questions = 0;
  assert.deepEqual(statement.all(0, 2, 1), [[2], [3]]);
  assert.deepEqual(statement.all(1, 1, 0), [[2]]);
  assert.deepEqual(statement.all(0, 0, 0), []);
  assert.equal(questions, 0);
});

test('compiledOnce: other parameters stay as they are', () => {
  const text = 'SELECT limits FROM t WHERE a = ? AND b > ? LIMIT 3';
  assert.equal(compiledOnce(text), text);
});
