import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { faults } from './faults.ts';
import { rowOf, type FaultRow } from './rows.ts';
import { lineOf, tableFile, tableText } from './table.ts';

const known = readFileSync(tableFile, 'utf8').replaceAll('\r\n', '\n');
const lines = new Set(known.split('\n'));
const rows: FaultRow[] = [];

for (const fault of faults) {
  test(`faults: ${fault.group}: ${fault.title}`, async () => {
    const row = await rowOf(fault);
    rows.push(row);
    assert.ok(lines.has(lineOf(row)), `docs/faults.md says otherwise than\n${lineOf(row)}`);
  });
}

test('faults: docs/faults.md has these rows, each in its place, and no others', () => {
  assert.equal(known, tableText(rows));
});
