/** By hand: `node test/faults/main.ts` tries every fault and writes `docs/faults.md` anew. */
import { writeFileSync } from 'node:fs';
import { faults } from './faults.ts';
import { rowOf, type FaultRow } from './rows.ts';
import { tableFile, tableText } from './table.ts';

const rows: FaultRow[] = [];
let failed = 0;
for (const fault of faults) {
  try {
    rows.push(await rowOf(fault));
  } catch (error) {
    failed += 1;
    console.error(error);
  }
}
if (failed === 0) writeFileSync(tableFile, tableText(rows));
console.log(`${rows.length} rows, ${failed} faults that broke a rule`);
process.exitCode = failed === 0 ? 0 : 1;
