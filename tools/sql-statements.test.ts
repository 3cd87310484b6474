import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statementsNotRun } from './sql-statements.ts';

test('statementsNotRun: nested templates are statements of their own, values are whatever they are', () => {
  const text =
    'const which = sql`AND b = ${b}`;\nrun(sql`SELECT a FROM t WHERE ${a.map((x) => `{${x}`)} ${which} LIMIT ${1}`);\n';
  const file = { path: 'src/mail/x.ts', text };
  assert.deepEqual(statementsNotRun([file], ['SELECT a FROM t WHERE ? AND b = ? LIMIT ?']), []);
  assert.deepEqual(statementsNotRun([file], ['SELECT a FROM t WHERE ?  LIMIT ?']), [
    'src/mail/x.ts:1: never ran: AND b = …',
  ]);
  assert.deepEqual(statementsNotRun([file], []).length, 2);
});
