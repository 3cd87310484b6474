import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Files } from '#host/files';
import type { Log } from '#ports/log';
import { windowsFileSystem } from '#testing/fake-files';
import {
  callControl,
  controlEnded,
  controlEndpoint,
  type ControlEndpoint,
  ControlUnavailable,
  DataDirectoryBusy,
  listenControl,
} from './index.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {}, with: () => silent };

async function inTempDir(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'godwit-control-'));
  try {
    await body(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** As on Windows; off it, sockets stand for pipes. */
function pipeEndpoint(directory: string): ControlEndpoint {
  const files = new Files({ system: windowsFileSystem(), pause: async () => undefined });
  const isWindows = process.platform === 'win32';
  const pipePath = isWindows ? {} : { pipePath: (name: string) => join(directory, `p${name}`) };
  return controlEndpoint(directory, { isWindows: true, files, ...pipePath });
}

test('callControl gives results, and throws the handler’s words', () =>
  inTempDir(async (directory) => {
    const endpoint = controlEndpoint(directory);
    await using _server = await listenControl(
      endpoint,
      async (command, args) => {
        if (command !== 'echo') throw new Error(`unknown command ${command}`);
        return args;
      },
      silent,
    );
    assert.deepEqual(await callControl(endpoint, 'echo', { text: 'ü'.repeat(100_000) }), { text: 'ü'.repeat(100_000) });
    await assert.rejects(callControl(endpoint, 'nonsense', {}), /unknown command nonsense/);
  }));

test('callControl says when no server runs', () =>
  inTempDir(async (directory) => {
    await assert.rejects(callControl(controlEndpoint(directory), 'ping', {}), ControlUnavailable);
  }));

for (const [kind, endpointOf] of [
  ['this machine', (directory: string) => controlEndpoint(directory)],
  ['pipes', pipeEndpoint],
] as const) {
  test(`listenControl refuses a directory in use, and takes over what was left behind (${kind})`, () =>
    inTempDir(async (directory) => {
      const endpoint = endpointOf(directory);
      {
        await using _first = await listenControl(endpoint, async () => null, silent);
        await assert.rejects(
          listenControl(endpoint, async () => null, silent),
          DataDirectoryBusy,
        );
        assert.equal(await callControl(endpoint, 'ping', {}), 'pong');
      }
      await leaveBehind(endpoint, directory);
      await using _second = await listenControl(endpoint, async () => null, silent);
      assert.equal(await callControl(endpoint, 'ping', {}), 'pong');
    }));

  test(`ControlServer.restore makes what was removed again, and leaves open connections alone (${kind})`, () =>
    inTempDir(async (directory) => {
      const endpoint = endpointOf(directory);
      const waiting = Promise.withResolvers<string>();
      const begun = Promise.withResolvers<void>();
      const answer = async (command: string): Promise<unknown> => {
        if (command !== 'wait') return command;
        begun.resolve();
        return await waiting.promise;
      };
      await using server = await listenControl(endpoint, answer, silent);
      assert.equal(await server.restore(), null);
      const long = callControl(endpoint, 'wait', {});
      await begun.promise;
      for (let round = 0; round < 2; round += 1) {
        for (const name of await readdir(directory)) {
          if (name.startsWith('control')) await rm(join(directory, name));
        }
        await assert.rejects(callControl(endpoint, 'ping', {}), ControlUnavailable);
        assert.notEqual(await server.restore(), null);
        assert.equal(await callControl(endpoint, 'again', {}), 'again');
        assert.equal(await server.restore(), null);
      }
      waiting.resolve('at last');
      assert.equal(await long, 'at last');
      await assert.rejects(
        listenControl(endpoint, async () => null, silent),
        DataDirectoryBusy,
      );
    }));

  test(`controlEnded resolves when the server lets go, at once when there is none (${kind})`, () =>
    inTempDir(async (directory) => {
      const endpoint = endpointOf(directory);
      await assert.rejects(callControl(endpoint, 'ping', {}), ControlUnavailable);
      await controlEnded(endpoint);
      const server = await listenControl(endpoint, async () => null, silent);
      const ended = controlEnded(endpoint);
      assert.equal(await callControl(endpoint, 'ping', {}), 'pong');
      await server[Symbol.asyncDispose]();
      await ended;
    }));
}

/** Removes what a killed server left behind: a name or socket at which no process answers. */
async function leaveBehind(endpoint: ControlEndpoint, directory: string): Promise<void> {
  if (endpoint.kind === 'pipe')
    return await writeFile(join(directory, 'control.3'), `${'0'.repeat(32)} ${'1'.repeat(32)}\n`);
  const { path } = endpoint;
  // A plain file at the socket's place refuses connections just as a dead socket does.
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  await new Promise<void>((resolve) => server.close(() => resolve()));
  await writeFile(path, '');
}

test('callControl tells nothing to a stranger at the pipe of a server that ended, and listenControl is not kept off by one', () =>
  inTempDir(async (directory) => {
    const endpoint = pipeEndpoint(directory);
    {
      await using _server = await listenControl(endpoint, async () => null, silent);
    }
    assert.ok(endpoint.kind === 'pipe');
    const { path = '' } = (await endpoint.name.current()) ?? {};
    let heard = '';
    const stranger = createServer((socket) => {
      socket.on('data', (bytes) => {
        heard += String(bytes);
        socket.write('{"result":"pong"}\n');
      });
      socket.on('error', () => socket.destroy());
    });
    await new Promise<void>((resolve) => stranger.listen(path, resolve));
    await assert.rejects(callControl(endpoint, 'password.set', { password: 'secret' }), ControlUnavailable);
    assert.match(heard, /^\{"command":"prove"/);
    assert.doesNotMatch(heard, /secret|password/);
    {
      await using _server = await listenControl(endpoint, async () => null, silent);
      assert.equal(await callControl(endpoint, 'ping', {}), 'pong');
    }
    await new Promise<void>((resolve) => stranger.close(() => resolve()));
  }));

test('listenControl: of many that start at once over a dead name, one gets the directory', () =>
  inTempDir(async (directory) => {
    await leaveBehind(pipeEndpoint(directory), directory);
    const starts = Array.from({ length: 8 }, () => listenControl(pipeEndpoint(directory), async () => null, silent));
    const ended = await Promise.allSettled(starts);
    const won = ended.filter((start) => start.status === 'fulfilled');
    for (const { value } of won) await value[Symbol.asyncDispose]();
    assert.equal(won.length, 1);
    for (const start of ended) if (start.status === 'rejected') assert.ok(start.reason instanceof DataDirectoryBusy);
  }));

test('listenControl: the name of a pipe is random, new with each start, and for the owner only', () =>
  inTempDir(async (directory) => {
    const names = new Set<string>();
    for (let i = 0; i < 3; i += 1) {
      await using _server = await listenControl(pipeEndpoint(directory), async () => null, silent);
      const file = join(directory, `control.${i + 1}`);
      const name = await readFile(file, 'utf8');
      assert.match(name, /^[0-9a-f]{32} [0-9a-f]{32}\n$/);
      names.add(name);
      if (process.platform !== 'win32') assert.equal((await stat(file)).mode & 0o777, 0o600);
      assert.deepEqual(
        (await readdir(directory)).filter((entry) => entry.startsWith('control')),
        [`control.${i + 1}`],
      );
    }
    assert.equal(names.size, 3);
  }));

for (const text of ['', 'x', '../../etc/passwd\n', '0'.repeat(31), '0'.repeat(32), '0'.repeat(5000)]) {
  test(`listenControl: a name file with ${JSON.stringify(text.slice(0, 40))} is replaced`, () =>
    inTempDir(async (directory) => {
      const endpoint = pipeEndpoint(directory);
      await writeFile(join(directory, 'control.3'), text);
      await assert.rejects(callControl(endpoint, 'ping', {}), ControlUnavailable);
      await using _server = await listenControl(endpoint, async () => null, silent);
      assert.equal(await callControl(endpoint, 'ping', {}), 'pong');
    }));
}

test('controlEndpoint stays short for long paths', () => {
  const endpoint = controlEndpoint(`/tmp${'/x'.repeat(150)}`, { isWindows: false });
  assert.ok(endpoint.kind === 'socket' && Buffer.byteLength(endpoint.path) <= 104);
});

test('controlEndpoint is the same for every name of a directory', { skip: process.platform === 'win32' }, () =>
  inTempDir(async (directory) => {
    const link = join(directory, 'link');
    await symlink(directory, link);
    assert.deepEqual(controlEndpoint(link), controlEndpoint(directory));
  }),
);
