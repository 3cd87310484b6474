import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlagSetTable, SystemFlag, flagBit, flagNames } from './index.ts';

test('FlagSetTable.intern gives one object per combination, whatever the order of keywords', () => {
  const table = new FlagSetTable();
  const a = table.intern(SystemFlag.Seen, ['$junk', 'work', 'work']);
  assert.equal(table.intern(SystemFlag.Seen, ['work', '$junk']), a);
  assert.equal(a.text, '\\Seen $junk work');
  assert.equal(table.at(a.index), a);
  assert.notEqual(table.intern(SystemFlag.Seen, ['work']), a);
});

test('FlagSetTable.intern keeps the spelling of keywords, sorts them without case, and drops doubles in another case', () => {
  const set = new FlagSetTable().intern(0, ['work', '$Junk', '$forwarded', 'Work']);
  assert.equal(set.text, '$forwarded $Junk work');
});

test('FlagSetTable.at(0) is the empty set, and unknown indexes throw', () => {
  const table = new FlagSetTable();
  assert.equal(table.at(0).text, '');
  assert.throws(() => table.at(1), RangeError);
});

test('flagBit and flagNames agree for every system flag, in any case', () => {
  for (const bit of Object.values(SystemFlag)) {
    const [name] = flagNames(bit);
    assert.equal(flagBit(String(name).toUpperCase()), bit);
  }
  assert.equal(flagBit('\\Recent'), undefined);
});
