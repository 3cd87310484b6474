import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { Files } from '#host/files';
import { isWindows } from '#host/process';
import { setUpLocalserve } from '#server/localserve';
import { tempDir } from '#testing/temp-dir';
import { godwit, startGodwit } from './program.ts';

/** Returns a port on which nothing listens. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A folder as the first start writes it, with no data yet. @returns the port of IMAP. */
async function newFolder(folder: string): Promise<number> {
  await setUpLocalserve({ files: new Files(), folder, addresses: ['127.0.0.1'], nowMs: Date.now() });
  const port = await freePort();
  const file = join(folder, 'server.yaml');
  const text = (await readFile(file, 'utf8')).replaceAll(
    /port: (\d+)/g,
    (_, old) => `port: ${old === '1143' ? port : 0}`,
  );
  await writeFile(file, text);
  return port;
}

/**
 * Logs in by IMAP on the first connection that is accepted. @returns the tagged answer.
 * From an address of its own: while nothing listens, a connection within one address can come about with itself, and then has the server's port.
 */
async function loginAtOnce(port: number, signal: AbortSignal): Promise<string> {
  for (;;) {
    signal.throwIfAborted();
    const socket = connect({
      port,
      host: '127.0.0.1',
      ...(process.platform === 'linux' && { localAddress: '127.0.0.2' }),
    });
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    if (!isOpen) continue;
    socket.setEncoding('utf8');
    socket.write('a LOGIN godwit@localhost godwitgodwit\r\n');
    let said = '';
    for await (const chunk of socket as AsyncIterable<string>) {
      said += chunk;
      const answer = /^a (.*)\r\n/m.exec(said)?.[1];
      if (answer !== undefined) return answer;
    }
    return `closed: ${said}`;
  }
}

for (let round = 1; round <= 5; round += 1) {
  test(`godwit localserve: a login on the first connection after the first start succeeds (${round})`, async () => {
    await using dir = await tempDir();
    const folder = join(dir.path, 'new');
    const port = await newFolder(folder);
    const gaveUp = new AbortController();
    const login = loginAtOnce(port, gaveUp.signal);
    login.catch(() => undefined);
    try {
      await using _server = await startGodwit(['localserve', '--dir', folder], /Stop with/);
      assert.match(await login, /^OK/);
    } finally {
      gaveUp.abort(new Error('the server did not start'));
    }
  });
}

test('godwit localserve --ready-file, godwit status --wait: scripts know when and where', async () => {
  await using dir = await tempDir();
  const folder = join(dir.path, 'new');
  const readyFile = join(dir.path, 'ready.json');
  await writeFile(readyFile, 'left by a crash');
  // It begins to wait before there is a configuration.
  const waiting = godwit(['status', '--wait=60', '--json', '--dir', folder]);
  const port = await newFolder(folder);
  {
    await using server = await startGodwit(['localserve', '--dir', folder, '--ready-file', readyFile], /Stop with/);
    const answer = await waiting;
    assert.equal(answer.code, 0, answer.errors);
    const { server: facts } = JSON.parse(answer.output) as {
      server: { addresses: { service: string; port: number }[] };
    };
    assert.equal(facts.addresses.find(({ service }) => service === 'imap')?.port, port);
    const ready = JSON.parse(await readUntilWhole(readyFile)) as { pid: number; addresses: unknown };
    assert.deepEqual(ready, { pid: server.pid, addresses: facts.addresses });
    const stopped = await godwit(['stop', '--dir', folder]);
    assert.equal(stopped.code, 0, stopped.errors);
    await server.ended;
    await assert.rejects(stat(readyFile), { code: 'ENOENT' });
  }
  await writeFile(join(folder, 'domains.yaml'), 'accounts: 7\n');
  const broken = await godwit(['status', '--wait=0.2', '--dir', folder]);
  assert.equal(broken.code, 1);
  assert.match(broken.errors, /It does not start:\n.*domains\.yaml:1:/);
  const nobody = await godwit(['status', '--wait=0.2', '--dir', folder]);
  assert.deepEqual([nobody.code, nobody.output.includes('within 0.2 s')], [1, true]);
});

test(
  'godwit serve and localserve: a ready file that cannot be written ends the start with a reason',
  { skip: isWindows },
  async () => {
    await using dir = await tempDir();
    const folder = join(dir.path, 'new');
    await newFolder(folder);
    const ended = await godwit(['localserve', '--dir', folder, '--ready-file', join(dir.path, 'no', 'such', 'folder')]);
    assert.equal(ended.code, 1, ended.errors);
    assert.match(ended.errors, /no such file or directory/);
  },
);

test('godwit status --wait: a server that gives up while it starts is reported with its reason, at once', async () => {
  await using dir = await tempDir();
  const folder = join(dir.path, 'new');
  await newFolder(folder);
  // TEST-NET-1 (RFC 5737) is on no machine, which the server finds out last.
  const file = join(folder, 'server.yaml');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace(/(inbox:\n +addresses:) .*/, "$1 ['192.0.2.99']"));
  const waiting = godwit(['status', '--wait=60', '--dir', folder]);
  // Some servers, as a supervisor starts them: the wait may begin between two of them.
  const answered = new AbortController();
  void waiting.then(() => answered.abort());
  do {
    const server = await godwit(['localserve', '--dir', folder]);
    assert.notEqual(server.code, 0, server.output);
  } while (!answered.signal.aborted);
  const { code, errors } = await waiting;
  assert.equal(code, 1, errors);
  assert.match(errors, /the server on .*new gave up while it started: .*192\.0\.2\.99|ended while it started/);
  assert.doesNotMatch(errors, /ECONNRESET/);
});

/** The file, as soon as it is there: it is written right after the greeting. */
async function readUntilWhole(path: string): Promise<string> {
  for (;;) {
    const text = await readFile(path, 'utf8').catch(() => null);
    if (text !== null && text !== 'left by a crash') return text;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
