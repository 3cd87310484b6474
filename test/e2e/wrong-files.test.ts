import assert from 'node:assert/strict';
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { Files } from '#host/files';
import { isRoot } from '#host/process';
import { setUpLocalserve } from '#server/localserve';
import { tempDir } from '#testing/temp-dir';
import { godwit, startGodwit, type Ended } from './program.ts';

const ready = /Stop with/;

/** A folder as the first start of localserve writes it, on ports that the system chooses. */
async function newFolder(parent: string): Promise<{ readonly folder: string; readonly serverFile: string }> {
  const folder = join(parent, 'new');
  await setUpLocalserve({ files: new Files(), folder, addresses: ['127.0.0.1'], nowMs: Date.now() });
  const serverFile = join(folder, 'server.yaml');
  await change(serverFile, (text) => text.replaceAll(/port: \d+/g, 'port: 0'));
  return { folder, serverFile };
}

async function change(file: string, edit: (text: string) => string): Promise<void> {
  await writeFile(file, edit(await readFile(file, 'utf8')));
}

for (const [what, spoil, want] of [
  ['an unknown setting', (text: string) => `${text}pigeons: yes\n`, /server\.yaml:\d+:1: pigeons: unknown setting\./],
  ['a list left open', (text: string) => `${text}transports: [\n`, /server\.yaml:\d+:\d+: /],
  ['bytes that are not UTF-8', (text: string) => text.replace('# Mail', '# M\udce4il'), /server\.yaml:\d+:\d+: /],
] as const) {
  test(`godwit: commands reach the running server when server.yaml has ${what}, stop too`, async () => {
    await using dir = await tempDir();
    const { folder, serverFile } = await newFolder(dir.path);
    await using server = await startGodwit(['localserve', '--dir', folder], ready);
    const spoiled = spoil(await readFile(serverFile, 'utf8'));
    await writeFile(
      serverFile,
      Buffer.from(spoiled.replace('\udce4', '\xe4'), spoiled.includes('\udce4') ? 'latin1' : 'utf8'),
    );
    const answered = async (...args: string[]): Promise<Ended> => {
      const ended = await godwit([...args, '--config', folder]);
      assert.equal(ended.code, 0, ended.errors);
      assert.match(ended.errors, want);
      assert.match(ended.errors, /^godwit: a server cannot start with this server\.yaml$/m);
      return ended;
    };
    assert.match((await answered('status')).output, /^process +\d+/m);
    assert.match((await answered('status', '--wait')).output, /^process +\d+/m);
    assert.match((await answered('account', 'list')).output, /^godwit /m);
    await answered('config', 'reload');
    assert.match((await answered('queue', 'route', '<>', 'a@example.net')).output, /^Note: .*server\.yaml is wrong/m);
    assert.equal((await answered('stop')).output, 'The server has stopped.\n');
    assert.equal((await server.ended).code, 0);
    const none = await godwit(['status', '--config', folder]);
    assert.deepEqual([none.code, want.test(none.errors)], [1, true], none.errors);
    const waiting = await godwit(['status', '--wait=1', '--config', folder]);
    assert.deepEqual([waiting.code, want.test(waiting.errors)], [1, true], waiting.errors);
  });
}

test('godwit queue route: says that the configuration on the disk is not what runs; the rest of it changes nothing', async () => {
  await using dir = await tempDir();
  const { folder, serverFile } = await newFolder(dir.path);
  const ask = async (): Promise<string> =>
    (await godwit(['queue', 'route', '<>', 'a@example.net', '--dir', folder])).output;
  const isOtherTransport = 'transports:\n  later: { kind: fail, code: 550, text: later }\n';
  {
    await using _server = await startGodwit(['localserve', '--dir', folder], ready);
    assert.doesNotMatch(await ask(), /Note/);
    await appendFile(serverFile, '# a comment needs no restart\n');
    assert.doesNotMatch(await ask(), /Note/);
    await appendFile(serverFile, isOtherTransport);
    assert.match(
      await ask(),
      /^Note: .*server\.yaml changed since the server started: restart it to put that in force$/m,
    );
    const json = await godwit(['queue', 'route', '<>', 'a@example.net', '--json', '--dir', folder]);
    assert.equal((JSON.parse(json.output) as { differences: unknown[] }).differences.length, 1);
    const unknown = await godwit(['queue', 'transport', 'later', '--all', '--dir', folder]);
    assert.equal(unknown.code, 1);
    assert.match(unknown.errors, /no transport later.*\n.*changed since the server started/);
    await writeFile(join(folder, 'domains.yaml'), 'accounts: 7\n');
    assert.match(await ask(), /^Note: .*domains\.yaml:1:1: .*\nNote: .*domains\.yaml is wrong: the server keeps/m);
  }
  await rm(join(folder, 'domains.yaml'));
  await setUpLocalserve({ files: new Files(), folder: join(dir.path, 'other'), addresses: ['127.0.0.1'], nowMs: 0 });
  await writeFile(join(folder, 'domains.yaml'), await readFile(join(dir.path, 'other', 'domains.yaml')));
  assert.doesNotMatch(await ask(), /Note/);
});

test('godwit status: a file as data directory, and a folder that does not exist, in plain words with a fix', async () => {
  await using dir = await tempDir();
  const { folder } = await newFolder(dir.path);
  await writeFile(join(folder, 'data'), '');
  for (const args of [['status'], ['status', '--wait=0.2']]) {
    const { code, output, errors } = await godwit([...args, '--dir', folder]);
    assert.equal(code, 1);
    assert.match(output, /^No server /);
    assert.match(errors, /server\.yaml:\d+:1: dataDirectory: .*data is not a folder\. Name a folder/);
    assert.doesNotMatch(errors + output, /ENOTDIR/);
  }
  const stopped = await godwit(['stop', '--dir', folder]);
  assert.deepEqual([stopped.code, stopped.errors], [1, 'godwit: no server runs on this data directory\n']);
  for (const args of [['status'], ['status', '--wait=0.2']]) {
    const { code, errors } = await godwit([...args, '--dir', join(dir.path, 'none')]);
    assert.equal(code, 1);
    assert.match(errors, /server\.yaml:1:1: there is no such file\. Name its folder with --config/);
  }
});

test('godwit config check: ports that another program has, addresses of other machines, and our own running server', async () => {
  await using dir = await tempDir();
  const { folder, serverFile } = await newFolder(dir.path);
  await using taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as AddressInfo;
  const local = await readFile(serverFile, 'utf8');
  // A development server would take the next free port.
  const right = local.replace('localserve: true', isRoot() ? 'user: root' : 'localserve: false');
  const check = async (): Promise<Ended> => await godwit(['config', 'check', '--dir', folder]);
  for (const text of [right, local.replace(/imap: \{ port: 0/, `imap: { port: ${port}`)]) {
    await writeFile(serverFile, text);
    assert.deepEqual(await check(), { code: 0, output: `The configuration in ${folder} is right.\n`, errors: '' });
  }
  await writeFile(serverFile, right.replace(/imap: \{ port: 0/, `imap: { port: ${port}`));
  const used = await check();
  assert.equal(used.code, 1);
  const said =
    /server\.yaml:\d+:\d+: listeners\.local\.imap\.port: cannot listen on 127\.0\.0\.1 port \d+ for imap: (?:node.* \(process \d+\)|another program) uses this port\. Stop it/;
  assert.match(used.errors, said);
  const refused = await godwit(['serve', '--config', folder]);
  assert.match(refused.errors, said);
  // TEST-NET-1 (RFC 5737) is on no machine.
  await writeFile(serverFile, right.replace("['127.0.0.1']", "['127.0.0.1', '192.0.2.99']"));
  const foreign = await check();
  assert.equal(foreign.code, 1);
  assert.match(foreign.errors, /cannot listen on 192\.0\.2\.99: this machine does not have that address/);
  assert.doesNotMatch(foreign.errors, /127\.0\.0\.1/);
  // A port that is free now, and then held by our own server.
  await new Promise((resolve) => taken.close(resolve));
  await writeFile(serverFile, right.replace(/imap: \{ port: 0/, `imap: { port: ${port}`));
  assert.equal((await check()).code, 0);
  await using _server = await startGodwit(['serve', '--config', folder], /server\.ready/);
  const own = await check();
  assert.deepEqual([own.code, own.errors], [0, '']);
});

test('godwit queue: a command that names recipients and changes none ends with 1; an empty queue is no failure', async () => {
  await using dir = await tempDir();
  const { folder } = await newFolder(dir.path);
  for (const [code, output, ...args] of [
    [0, /^0 recipients to be tried now\.\n$/, 'kick', '--all'],
    [1, /^0 recipients dropped\.\nNo recipient that waits matches\./, 'drop', '--to', 'a@example.net', '--yes'],
    [1, /^0 recipients failed\.\nNo recipient/, 'fail', '--domain', 'example.net', '--yes'],
    [1, /^0 recipients put on hold\.\nNo recipient/, 'hold', '--from', '<>'],
    [
      1,
      /^0 recipients to go to the hosts of each domain\.\nNo recipient/,
      'transport',
      'direct',
      '--to',
      'a@b.example',
    ],
    [1, /^0 recipients to go .*\nNo recipient/, 'requiretls', 'no', '--to', 'a@b.example'],
  ] as const) {
    const ended = await godwit(['queue', ...args, '--dir', folder]);
    assert.equal(ended.code, code, `${args.join(' ')}: ${ended.output}${ended.errors}`);
    assert.match(ended.output, output);
  }
});

test('godwit account add: names a domain that is new, and where its DNS and DKIM advice is', async () => {
  await using dir = await tempDir();
  const { folder } = await newFolder(dir.path);
  const fresh = await godwit(['account', 'add', 'ann', 'ann@New.example', '--dir', folder]);
  assert.equal(fresh.code, 0, fresh.errors);
  assert.match(
    fresh.output,
    /^Domain new\.example is new .*'godwit dns records new\.example'.*'godwit dkim add new\.example'/m,
  );
  const known = await godwit(['account', 'add', 'bob', 'bob@new.example', '--dir', folder]);
  assert.doesNotMatch(known.output, /is new/);
});
