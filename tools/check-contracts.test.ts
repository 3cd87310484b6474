import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkContracts } from './check-contracts.ts';

test('checkContracts: a port needs a suite, which host and each fake call', () => {
  const port = { path: 'src/ports/bell.ts', text: 'export interface Bell {\n  ring(times: number): void;\n}\n' };
  const host = { path: 'src/host/bell/index.ts', text: 'export function ironBell(): Bell {\n}\n' };
  const fake = { path: 'src/testing/fake-bell.ts', text: 'export class FakeBell implements Bell {\n}\n' };
  assert.deepEqual(checkContracts([port, host, fake]), [
    'src/ports/bell.ts: has no contract suite src/ports/bell.contract.ts',
  ]);
  const suite = { path: 'src/ports/bell.contract.ts', text: '' };
  const text = "import { bellContract } from '#ports/bell.contract';\nbellContract('ironBell', ironBell);\n";
  const hostTest = { path: 'src/host/bell/bell.test.ts', text };
  assert.deepEqual(checkContracts([port, host, fake, suite, hostTest]), [
    'src/testing/fake-bell.ts: FakeBell is a Bell, and no test of it calls the suite of src/ports/bell.contract.ts',
  ]);
  const fakeTest = { path: 'src/testing/fake-bell.test.ts', text: text.replaceAll('ironBell', 'FakeBell') };
  assert.deepEqual(checkContracts([port, host, fake, suite, hostTest, fakeTest]), []);
  assert.deepEqual(checkContracts([port, fake, suite, fakeTest]), [
    'src/ports/bell.ts: no test in src/host/ calls the suite of src/ports/bell.contract.ts',
  ]);
});
