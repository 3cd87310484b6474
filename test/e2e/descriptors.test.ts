import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Files } from '#host/files';
import { isWindows } from '#host/process';
import { setUpLocalserve } from '#server/localserve';
import { tempDir } from '#testing/temp-dir';
import { godwit } from './program.ts';

const main = fileURLToPath(new URL('../../src/cli/main.mjs', import.meta.url));
const skip = isWindows && 'Windows has no such limit';
/** Enough for a start, too few for what the test does. */
const maxFiles = 120;

/** The greeting of a new connection; null when it was closed or not answered in time. */
async function greeting(port: number, keep: Socket[]): Promise<string | null> {
  const socket = connect(port, '127.0.0.1');
  keep.push(socket);
  socket.on('error', () => undefined);
  const said = once(socket, 'data').then(
    ([chunk]) => String(chunk),
    () => null,
  );
  const closed = once(socket, 'close').then(
    () => null,
    () => null,
  );
  return await Promise.race([said, closed, wait(5000, null)]);
}

test(
  'godwit: without descriptors connections are dropped, noted once, and taken again afterwards',
  { skip },
  async () => {
    await using dir = await tempDir();
    const folder = join(dir.path, 'local');
    await setUpLocalserve({ files: new Files(), folder, addresses: ['127.0.0.1'], nowMs: Date.now() });
    const config = join(folder, 'server.yaml');
    await writeFile(config, (await readFile(config, 'utf8')).replaceAll(/port: \d+/g, 'port: 0'));
    const ready = join(dir.path, 'ready.json');
    const command = `ulimit -n ${maxFiles}; exec "$0" "$@"`;
    const args = [process.execPath, main, 'localserve', '--dir', folder, '--ready-file', ready];
    const child = spawn('sh', ['-c', command, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
    const ended = once(child, 'close');
    const sockets: Socket[] = [];
    try {
      assert.equal((await godwit(['status', '--wait=60', '--dir', folder])).code, 0, log);
      const { addresses } = JSON.parse(await readFile(ready, 'utf8')) as {
        addresses: { service: string; port: number }[];
      };
      const port = addresses.find(({ service }) => service === 'imap')?.port ?? 0;
      const greetings = await Promise.all(Array.from({ length: maxFiles }, () => greeting(port, sockets)));
      assert.ok(
        greetings.some((text) => text?.startsWith('* OK')),
        log,
      );
      assert.ok(greetings.includes(null), 'all connections were taken');
      for (let tries = 0; tries < 200 && !log.includes('system.tooManyFiles'); tries += 1) await wait(50);
      for (const socket of sockets.splice(0)) socket.destroy();
      let again: string | null = null;
      for (let tries = 0; tries < 40 && again === null; tries += 1) again = await greeting(port, sockets);
      assert.match(again ?? '', /^\* OK/);
      const lines = log.split('\n').filter((line) => line.includes('system.tooManyFiles'));
      assert.ok(lines.length >= 1 && lines.length <= 3, log);
      assert.doesNotMatch(log, /\.bug|listenerFailed/);
      const status = await godwit(['status', '--dir', folder]);
      assert.match(status.output, /^trouble +too many open files: /m);
    } finally {
      for (const socket of sockets) socket.destroy();
      child.kill('SIGKILL');
      await ended;
    }
  },
);
