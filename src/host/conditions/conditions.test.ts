import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConditionError } from '#ports/conditions';
import { systemError } from '#testing/fake-files';
import { tempDir } from '#testing/temp-dir';
import { conditionOf, probeDirectory } from './index.ts';

function sqliteError(errcode: number): Error {
  return Object.assign(new Error('sqlite'), { code: 'ERR_SQLITE_ERROR', errcode });
}

function kindOf(error: unknown, probe?: () => unknown): string | null {
  const known = conditionOf(error, 'here', probe);
  return known instanceof ConditionError ? known.kind : null;
}

for (const [code, want] of [
  ['ENOSPC', 'diskFull'],
  ['EDQUOT', 'quotaReached'],
  ['EROFS', 'readOnly'],
  ['EIO', 'ioError'],
  ['EMFILE', 'tooManyFiles'],
  ['ENFILE', 'tooManyFiles'],
  ['ENOMEM', 'overloaded'],
  ['ENOENT', 'fileRemoved'],
  ['ENOTDIR', 'fileReplaced'],
  ['EEXIST', null],
  ['EACCES', null],
] as const) {
  test(`conditionOf: ${code} is ${want ?? 'no condition'}`, () =>
    assert.equal(kindOf(systemError(code, 'open')), want));
}

for (const [errcode, want] of [
  [13, 'diskFull'],
  [8, 'readOnly'],
  [8 | (1 << 8), 'readOnly'],
  [10 | (3 << 8), 'ioError'],
  [10 | (12 << 8), 'overloaded'],
  [11, 'damaged'],
  [11 | (1 << 8), 'damaged'],
  [26, 'damaged'],
  [14, 'ioError'],
  [7, 'overloaded'],
  [19, null],
  [1, null],
] as const) {
  test(`conditionOf: SQLite's result ${errcode} is ${want ?? 'no condition'}`, () =>
    assert.equal(kindOf(sqliteError(errcode)), want));
}

test('conditionOf asks the probe where SQLite keeps the reason to itself, and only there', () => {
  const quota = (): unknown => systemError('EDQUOT', 'write');
  assert.equal(kindOf(sqliteError(10 | (3 << 8)), quota), 'quotaReached');
  assert.equal(
    kindOf(sqliteError(14), () => systemError('EMFILE', 'open')),
    'tooManyFiles',
  );
  assert.equal(
    kindOf(sqliteError(14), () => systemError('EACCES', 'open')),
    'ioError',
  );
  assert.equal(
    kindOf(sqliteError(14), () => null),
    'ioError',
  );
  assert.equal(kindOf(sqliteError(11), quota), 'damaged');
});

test('conditionOf leaves other errors as they are, and conditions too', () => {
  for (const error of [new TypeError('bug'), 'text', null, new ConditionError('damaged', 'x')]) {
    assert.equal(conditionOf(error, 'here'), error);
  }
});

test('probeDirectory tells of the system, and leaves nothing behind', async () => {
  await using dir = await tempDir();
  assert.equal(probeDirectory(dir.path), null);
  const error = probeDirectory(`${dir.path}/missing`);
  assert.ok(error instanceof Error && 'code' in error && error.code === 'ENOENT');
});
