import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { isRoot, isWindows } from '#host/process';
import { formatProblem } from '#mail/config';
import { tempDir } from '#testing/temp-dir';
import { dataDirectoryRefusal } from './data-directory-check.ts';

const server = { file: 'server.yaml', text: 'dataDirectory: data\n' };
const skip = isWindows;
const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
const self = { name: 'self', uid, gid, groups: [gid] };
const other = { name: 'other', uid: uid + 4711, gid: gid + 4711, groups: [gid + 4711] };

function refusal(path: string, user: typeof self | null): string | null {
  const problem = dataDirectoryRefusal(server, path, user);
  return problem === null ? null : formatProblem(problem);
}

test('dataDirectoryRefusal: what is right for the user who serves is right', { skip }, async () => {
  await using dir = await tempDir();
  const data = join(dir.path, 'data');
  assert.equal(refusal(data, null), null);
  assert.equal(refusal(join(data, 'inner'), null), null);
  assert.equal(refusal(data, self), null);
  await mkdir(data, { mode: 0o700 });
  assert.equal(refusal(data, null), null);
  await writeFile(join(data, 'server.db'), '');
  assert.equal(refusal(data, self), null);
  await chmod(data, 0o755);
  assert.equal(refusal(data, null), null);
});

test(
  'dataDirectoryRefusal: a folder in a file system where none can be made',
  { skip: process.platform !== 'linux' && '/proc is of Linux' },
  () => {
    assert.match(refusal('/proc/x', null) ?? '', /^server\.yaml:1:1: dataDirectory: \/proc\/x cannot be made/);
    if (isRoot()) assert.match(refusal('/proc/x', self) ?? '', /\/proc\/x cannot be made in \/proc \(ENOENT\)/);
  },
);

test(
  'dataDirectoryRefusal: what keeps another user from it is named with the command that helps',
  { skip },
  async () => {
    await using dir = await tempDir();
    const data = join(dir.path, 'data');
    await chmod(dir.path, 0o700);
    assert.match(
      refusal(join(data, 'inner'), other) ?? '',
      /^server\.yaml:1:1: dataDirectory: .*data does not exist\. Run 'mkdir -p /,
    );
    assert.match(
      refusal(data, other) ?? '',
      /user other may not reach .*data, because of the rights on .*\. Run 'chmod a\+x /,
    );
    await mkdir(data);
    await writeFile(join(data, 'server.db'), '');
    assert.match(
      refusal(data, other) ?? '',
      /data belongs to another user \(user id \d+\) than other, .* See whose it is with 'ls -ld .*, or name another folder; run 'chown -R other: .* only when/,
    );
    await chmod(data, 0o500);
    if (!isRoot()) assert.match(refusal(data, null) ?? '', /this user may not write in /);
    if (uid !== 0) assert.match(refusal(data, self) ?? '', /user self may not write in .*\. Run 'chmod 700 /);
    await chmod(data, 0o700);
  },
);
