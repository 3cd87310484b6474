import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { endianness } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '#testing/temp-dir';
import { portOwner } from './port-owner.ts';

const isLinux = process.platform === 'linux';

for (const address of ['127.0.0.1', '::1', '0.0.0.0']) {
  test(`portOwner: a process that listens on ${address}`, { skip: !isLinux && 'only Linux says' }, async (t) => {
    await using server = createServer();
    const listening = Promise.withResolvers<boolean>();
    server.once('error', () => listening.resolve(false));
    server.listen(0, address, () => listening.resolve(true));
    if (!(await listening.promise)) return t.skip(`this machine has no ${address}`);
    const { port } = server.address() as AddressInfo;
    assert.match(portOwner(address, port) ?? '', new RegExp(`^node(?: \\S+)? \\(process ${process.pid}\\)$`));
    if (address === '0.0.0.0') assert.equal(portOwner('127.0.0.1', port), portOwner(address, port));
    else assert.equal(portOwner('127.0.0.9', port), null);
  });
}

/** Makes a folder like /proc with one socket and one process. @param line  Local address in the table, without the port 8025. */
async function withProc(
  { table, local, commandLine }: { readonly table: string; readonly local: string; readonly commandLine: string },
  body: (root: string) => void,
): Promise<void> {
  await using dir = await tempDir();
  await mkdir(join(dir.path, 'net'));
  await mkdir(join(dir.path, '12', 'fd'), { recursive: true });
  const row = `   0: ${local}:1F59 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0 100 0 0 10 0`;
  await writeFile(join(dir.path, 'net', table), `  sl  local_address rem_address   st …\n${row}\n`);
  await writeFile(join(dir.path, '12', 'cmdline'), commandLine);
  await symlink('socket:[4242]', join(dir.path, '12', 'fd', '3'));
  body(dir.path);
}

const small = !isLinux || endianness() !== 'LE';

for (const [what, given, address, want] of [
  ['a program', { table: 'tcp', local: '0100007F', commandLine: '/usr/bin/mailpit\0--smtp\0' }, '127.0.0.1', 'mailpit'],
  [
    'a script, but no secrets',
    { table: 'tcp', local: '0100007F', commandLine: 'python3\0/srv/catch.py\0secret\0' },
    '127.0.0.1',
    'python3 catch.py',
  ],
  ['other arguments', { table: 'tcp', local: '0100007F', commandLine: 'mysqld\0secret\0' }, '127.0.0.1', 'mysqld'],
  ['control characters', { table: 'tcp', local: '0100007F', commandLine: '\u001b[2Jx\0' }, '127.0.0.1', '?[2Jx'],
  ['no command line', { table: 'tcp', local: '0100007F', commandLine: '' }, '127.0.0.1', 'a program'],
  ['all addresses', { table: 'tcp6', local: '0'.repeat(32), commandLine: 'x\0' }, '127.0.0.1', 'x'],
  [
    'one address where all are wanted',
    { table: 'tcp6', local: '00000000000000000000000001000000', commandLine: 'x\0' },
    '::',
    'x',
  ],
] as const) {
  test(`portOwner: ${what}`, { skip: small && 'the table is that of a small-endian Linux' }, () =>
    withProc(given, (root) => assert.equal(portOwner(address, 8025, root), `${want} (process 12)`)),
  );
}

test('portOwner: nothing where there is no such folder, and for other ports', async () => {
  assert.equal(portOwner('127.0.0.1', 8025, '/no/such/folder'), null);
  await withProc({ table: 'tcp', local: '0100007F', commandLine: 'x\0' }, (root) =>
    assert.equal(portOwner('127.0.0.1', 8026, root), null),
  );
});
