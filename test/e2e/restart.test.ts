import assert from 'node:assert/strict';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { isRoot } from '#host/process';
import { tempDir } from '#testing/temp-dir';
import { godwit, startGodwit } from './program.ts';

test(
  'godwit serve: the parent starts a killed server again, says so once, and stops when asked to',
  { skip: !isRoot() && 'not running as root: there is no parent' },
  async () => {
    await using dir = await tempDir();
    await chmod(dir.path, 0o755);
    const folder = join(dir.path, 'us');
    assert.equal((await godwit(['localserve', '--dir', folder, '--ip', '127.0.0.1', '--init-only'])).code, 0);
    const file = join(folder, 'server.yaml');
    const text = (await readFile(file, 'utf8')).replaceAll(/port: \d+/g, 'port: 0');
    await writeFile(file, text.replace('localserve: true', 'user: nobody'));
    await rm(join(folder, 'data'), { recursive: true });
    await chmod(folder, 0o755);
    await chmod(join(folder, 'domains.yaml'), 0o644);
    await using us = await startGodwit(['serve', '--config', folder], /server\.ready/);
    const worker = await workerOf(us.pid);
    process.kill(worker, 'SIGKILL');
    while ((await workerOf(us.pid)) === worker || !(await answers(folder))) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    us.signal('SIGTERM');
    const { code, output, errors } = await us.ended;
    assert.equal(code, 0, errors);
    const said = output + errors;
    assert.equal(said.match(/the server process ended by SIGKILL; starting it again in 1 s/g)?.length, 1);
    assert.equal(said.match(/server\.restarted/g)?.length, 1, said);
    assert.equal(said.match(/server\.ready/g)?.length, 2);
  },
);

async function workerOf(parent: number): Promise<number> {
  return Number((await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8')).trim().split(' ')[0]);
}

async function answers(folder: string): Promise<boolean> {
  return (await godwit(['status', '--dir', folder])).code === 0;
}
