import assert from 'node:assert/strict';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Log } from '#ports/log';
import {
  callControl,
  controlEnded,
  controlEndpoint,
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

test('listenControl refuses a directory in use, and takes over a socket left behind', () =>
  inTempDir(async (directory) => {
    const endpoint = controlEndpoint(directory);
    {
      await using _first = await listenControl(endpoint, async () => null, silent);
      await assert.rejects(
        listenControl(endpoint, async () => null, silent),
        DataDirectoryBusy,
      );
    }
    if (process.platform !== 'win32') await leaveSocketBehind(endpoint);
    await using _second = await listenControl(endpoint, async () => null, silent);
    assert.equal(await callControl(endpoint, 'ping', {}), 'pong');
  }));

/** A plain file at the socket's place refuses connections just as a dead socket does. */
async function leaveSocketBehind(endpoint: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(endpoint, resolve));
  await new Promise<void>((resolve) => server.close(() => resolve()));
  await writeFile(endpoint, '');
}

test('controlEndpoint stays short for long paths', () => {
  assert.ok(Buffer.byteLength(controlEndpoint(`/tmp${'/x'.repeat(150)}`)) <= 104);
});

test('controlEndpoint is the same for every name of a directory', () =>
  inTempDir(async (directory) => {
    if (process.platform !== 'win32') {
      const link = join(directory, 'link');
      await symlink(directory, link);
      assert.equal(controlEndpoint(link), controlEndpoint(directory));
    }
    const realPath = (path: string): string => path.replace('MAILDI~1', 'Mail Directory');
    const windows = { isWindows: true, realPath };
    const pipe = controlEndpoint('C:\\Mail Directory', windows);
    assert.match(pipe, /^\\\\\.\\pipe\\godwit-[0-9a-f]{24}$/);
    for (const name of ['c:\\mail directory', 'C:\\MAILDI~1']) assert.equal(controlEndpoint(name, windows), pipe);
    assert.notEqual(controlEndpoint('D:\\Mail Directory', windows), pipe);
  }));

test('controlEnded resolves when the server lets go, at once when there is none', () =>
  inTempDir(async (directory) => {
    const endpoint = controlEndpoint(directory);
    await controlEnded(endpoint);
    const server = await listenControl(endpoint, async () => null, silent);
    const ended = controlEnded(endpoint);
    assert.equal(await callControl(endpoint, 'ping', {}), 'pong');
    await server[Symbol.asyncDispose]();
    await ended;
  }));
