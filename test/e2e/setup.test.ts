import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Files } from '#host/files';
import { isRoot, isWindows } from '#host/process';
import { setUpLocalserve } from '#server/localserve';
import { tempDir } from '#testing/temp-dir';
import { godwit } from './program.ts';

/** One way to set a server up badly. */
interface BadSetup {
  readonly what: string;
  readonly spoil: (folder: string) => Promise<unknown>;
  readonly want: RegExp;
  /** Only root gives itself up. */
  readonly needsRoot?: boolean;
}

const setting = async (folder: string, line: string): Promise<void> => {
  const file = join(folder, 'server.yaml');
  const name = line.replace(/:.*/s, '');
  const text = (await readFile(file, 'utf8')).replace(new RegExp(`^${name}:.*\n`, 'm'), '');
  await writeFile(file, `${text}${line}\n`);
};

const open = (folder: string): Promise<void> => chmod(folder, 0o755);

const setups: readonly BadSetup[] = [
  {
    what: 'a mistake in domains.yaml',
    spoil: (folder) => writeFile(join(folder, 'domains.yaml'), 'accounts: 7\n'),
    want: /domains\.yaml:1:/,
  },
  {
    what: 'a file in place of the data directory',
    spoil: (folder) => writeFile(join(folder, 'data'), ''),
    want: /dataDirectory: .*data is not a folder/,
  },
  {
    what: 'a folder of something else as data directory',
    spoil: async (folder) => {
      await mkdir(join(folder, 'data'));
      await writeFile(join(folder, 'data', 'photo.jpg'), '');
    },
    want: /dataDirectory: .*data has other files in it, such as photo\.jpg/,
  },
  {
    what: 'a file on the way to the data directory',
    spoil: async (folder) => {
      await writeFile(join(folder, 'file'), '');
      await setting(folder, 'dataDirectory: file/inner/data');
    },
    want: /dataDirectory: /,
  },
  {
    what: 'a server.db that is junk',
    spoil: async (folder) => {
      await mkdir(join(folder, 'data'), { mode: 0o700 });
      await writeFile(join(folder, 'data', 'server.db'), 'these bytes are not those of a database');
    },
    want: /dataDirectory: .*server\.db is not a database\. .*restore it from a backup/,
  },
  { what: 'no certificate', spoil: (folder) => rm(join(folder, 'localhost.crt')), want: /tls\.certificateFile: / },
  {
    what: 'a user that does not exist',
    spoil: (folder) => setting(folder, 'user: no-such-user'),
    want: /user: there is no user no-such-user/,
  },
  {
    what: 'a user who may not read the folder',
    spoil: (folder) => setting(folder, 'user: nobody'),
    want: /domains\.yaml:1:1: user nobody, who serves, may not read it, because of the rights on /,
    needsRoot: true,
  },
  {
    what: 'a data directory of another user',
    spoil: async (folder) => {
      await open(folder);
      await open(join(folder, 'domains.yaml'));
      await mkdir(join(folder, 'data'));
      await writeFile(join(folder, 'data', 'server.db'), '');
      await setting(folder, 'user: nobody');
    },
    want: /dataDirectory: .*data belongs to another user .* than nobody, the user to serve as\. See whose it is with 'ls -ld /,
    needsRoot: true,
  },
  {
    what: 'a data directory whose parent is missing',
    spoil: async (folder) => {
      await open(folder);
      await open(join(folder, 'domains.yaml'));
      await setting(folder, 'user: nobody');
      await setting(folder, 'dataDirectory: not/there/data');
    },
    want: /dataDirectory: .*there does not exist\. Run 'mkdir -p /,
    needsRoot: true,
  },
];

for (const { what, spoil, want, needsRoot = false } of setups) {
  test(
    `godwit config check and godwit serve agree: ${what}`,
    { skip: isWindows || (needsRoot && !isRoot()) },
    async () => {
      await using dir = await tempDir();
      await open(dir.path);
      const folder = join(dir.path, 'new');
      await setUpLocalserve({ files: new Files(), folder, addresses: ['127.0.0.1'], nowMs: Date.now() });
      const file = join(folder, 'server.yaml');
      await writeFile(file, (await readFile(file, 'utf8')).replaceAll(/port: \d+/g, 'port: 0'));
      await spoil(folder);
      const [checked, served] = [
        await godwit(['config', 'check', '--config', folder]),
        await godwit(['serve', '--config', folder]),
      ];
      assert.deepEqual([checked.code, served.code], [1, 1], `${checked.output}${served.output}${served.errors}`);
      assert.match(checked.errors, want);
      assert.ok(checked.errors.includes(served.errors.trim()), `${checked.errors}\nbut serve: ${served.errors}`);
    },
  );
}
