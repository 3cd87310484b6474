import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { createTransport } from 'nodemailer';
import { isRoot, isWindows } from '#host/process';
import { tempDir } from '#testing/temp-dir';
import { godwit, startGodwit } from './program.ts';

const ready = /Stop with Ctrl-C/;
const noSignals = isWindows && 'Windows has no signals to send';

/** A localserve folder whose ports the system chooses. */
async function prepared(parent: string): Promise<string> {
  const folder = join(parent, 'local');
  const first = await godwit(['localserve', '--dir', folder, '--ip', '127.0.0.1', '--init-only']);
  assert.equal(first.code, 0, first.errors);
  await edit(join(folder, 'server.yaml'), (text) => text.replaceAll(/port: \d+/g, 'port: 0'));
  return folder;
}

async function edit(file: string, change: (text: string) => string): Promise<void> {
  await writeFile(file, change(await readFile(file, 'utf8')));
}

function portOf(greeting: string, service: string): number {
  const port = new RegExp(`^ +${service} +\\S+:(\\d+) `, 'm').exec(greeting)?.[1];
  assert.ok(port !== undefined, greeting);
  return Number(port);
}

async function submit(port: number, login: { user: string; pass: string }, to: string): Promise<string> {
  const transport = createTransport({
    host: '127.0.0.1',
    port,
    auth: login,
    requireTLS: true,
    tls: { rejectUnauthorized: false },
  });
  const sent = await transport.sendMail({ from: login.user, to, subject: 'from the tests', text: 'hello' });
  transport.close();
  return sent.response;
}

test('godwit localserve: set up, served, administered, stopped', async () => {
  await using dir = await tempDir();
  const folder = await prepared(dir.path);
  await using server = await startGodwit(['localserve', '--dir', folder], ready);
  const submission = portOf(server.greeting, 'submission');
  const login = { user: 'godwit@localhost', pass: 'godwitgodwit' };

  const added = await godwit(['account', 'add', 'ann', 'ann@example.org', '--dir', folder]);
  assert.equal(added.code, 0, added.errors);
  const generated = /^Password: (\S+)$/m.exec(added.output)?.[1] ?? '';
  assert.match(await submit(submission, { user: 'ann@example.org', pass: generated }, 'x@example.net'), /^250 /);
  assert.match((await godwit(['account', 'list', '--dir', folder])).output, /^ann +ann@example\.org$/m);

  const unsure = await godwit(['account', 'remove', 'ann', '--dir', folder]);
  assert.equal(unsure.code, 1);
  assert.match(unsure.errors, /Account ann will be removed with 0 messages of 0 bytes\. .* add --yes/);
  assert.match((await godwit(['account', 'list', '--dir', folder])).output, /^ann /m);

  const changed = await godwit(['password', 'set', 'ann', '--stdin', '--dir', folder], 'another password\n');
  assert.deepEqual([changed.code, changed.output], [0, 'Changed the password of ann.\n']);
  await assert.rejects(submit(submission, { user: 'ann@example.org', pass: generated }, 'x@example.net'), /535/);
  const short = await godwit(['password', 'set', 'ann', '--stdin', '--dir', folder], 'short\n');
  assert.deepEqual([short.code, short.errors], [1, 'godwit: password must have at least 8 characters\n']);

  assert.match(await submit(submission, login, 'queue451@example.net'), /^250 /);
  const listed = await godwit(['queue', 'list', '--to', 'queue451@example.net', '--json', '--dir', folder]);
  const items: unknown = JSON.parse(listed.output);
  assert.ok(Array.isArray(items) && items.length === 1, listed.output);
  const dropped = await godwit(['queue', 'fail', '--all', '--yes', '--dir', folder]);
  assert.equal(dropped.code, 0, dropped.errors);
  assert.equal((await godwit(['queue', 'kick', '--dir', folder])).code, 1);

  const status = await godwit(['status', '--dir', folder]);
  assert.match(status.output, new RegExp(`process +${server.pid}, \\d+ MiB`));
  const second = await godwit(['localserve', '--dir', folder]);
  assert.equal(second.code, 1);
  assert.ok(second.errors.includes(`another godwit process works on ${join(folder, 'data')}: `), second.errors);

  const stopped = await godwit(['stop', '--dir', folder]);
  assert.deepEqual([stopped.code, stopped.output], [0, 'The server has stopped.\n']);
  assert.equal((await server.ended).code, 0);
  assert.equal((await godwit(['status', '--dir', folder])).code, 1);
  const checked = await godwit(['check', '--dir', folder]);
  assert.deepEqual([checked.code, checked.output], [0, 'All mail is whole and consistent.\n']);
});

test('godwit localserve: SIGTERM ends it with 0', { skip: noSignals }, async () => {
  await using dir = await tempDir();
  await using server = await startGodwit(['localserve', '--dir', await prepared(dir.path)], ready);
  server.signal('SIGTERM');
  const { code, errors } = await server.ended;
  assert.equal(code, 0);
  assert.match(errors, /server\.stopped/);
  assert.doesNotMatch(errors, / error /);
});

test('godwit serve: all ports in use are named before the data directory is made', async () => {
  await using dir = await tempDir();
  const folder = await prepared(dir.path);
  const others = [createServer(), createServer()];
  for (const other of others) await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const [smtp, imap] = others.map((other) => (other.address() as AddressInfo).port);
  await edit(join(folder, 'server.yaml'), (text) =>
    text
      .replace('smtp: { port: 0 }', `smtp: { port: ${smtp} }`)
      .replace('imap: { port: 0,', `imap: { port: ${imap},`)
      .replace(/^dataDirectory: .*$/m, 'dataDirectory: fresh')
      .replace('localserve: true', isRoot() ? 'user: root' : 'localserve: false'),
  );
  const { code, errors } = await godwit(['serve', '--config', folder]);
  const waited = await godwit(['status', '--wait=0.2', '--config', folder]);
  for (const other of others) await new Promise((resolve) => other.close(resolve));
  assert.deepEqual([code, waited.code], [1, 1]);
  for (const port of [smtp, imap]) {
    const reason = new RegExp(`cannot listen on 127\\.0\\.0\\.1 port ${port} for `);
    assert.match(errors, reason);
    assert.match(waited.errors, reason);
  }
  assert.equal(existsSync(join(folder, 'fresh')), false);
});

test('godwit serve: a port in use is named with its program, exit code 1', async () => {
  await using dir = await tempDir();
  const folder = await prepared(dir.path);
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  await edit(join(folder, 'server.yaml'), (text) =>
    text
      .replace('smtp: { port: 0 }', `smtp: { port: ${port} }`)
      .replace('localserve: true', isRoot() ? 'user: root' : 'localserve: false'),
  );
  const { code, errors } = await godwit(['serve', '--config', folder]);
  await new Promise((resolve) => other.close(resolve));
  assert.equal(code, 1);
  assert.match(
    errors,
    new RegExp(
      `cannot listen on 127\\.0\\.0\\.1 port ${port} for smtp: (?:node.* \\(process ${process.pid}\\)|another program) uses this port`,
    ),
  );
});

test('godwit config check: each problem on its line, with file, line and column', async () => {
  await using dir = await tempDir();
  const folder = await prepared(dir.path);
  const file = join(folder, 'server.yaml');
  assert.equal((await godwit(['config', 'check', '--config', folder])).code, 0);
  await edit(file, (text) =>
    text.replace('pedantic: false', 'pedantic: perhaps').replace('postmaster: godwit', 'postmaster: 7'),
  );
  const wrong = await godwit(['config', 'check', '--config', folder]);
  assert.equal(wrong.code, 1);
  const lines = wrong.errors.trimEnd().split('\n');
  assert.equal(lines.length, 2);
  for (const line of lines) assert.match(line.replace(file, ''), /^:\d+:\d+: (?:pedantic|postmaster): /);
  const serve = await godwit(['serve', '--config', folder]);
  assert.deepEqual([serve.code, serve.errors.includes(':')], [1, true]);
});

for (const [args, code, wanted] of [
  [['config', 'describe', 'server'], 0, /^listeners\.NAME\.imaps\.port/m],
  [['config', 'example'], 0, /^# ---- server\.yaml[^]*^# ---- domains\.yaml/m],
  [['config', 'schema', 'domains'], 0, /"title": "Godwit domains\.yaml"/],
  [['config', 'schema', 'other'], 1, /there are server and domains/],
  [['version'], 0, /^godwit \d+\.\d+\.\d+\nnode /],
  [['queue', '--help'], 0, /^ {2}release /m],
  [['serv'], 1, /unknown command 'serv'/],
  [['account', 'add', 'ann'], 1, /missing required argument 'address'/],
  [
    ['queue', 'list', '--id', 'x', '--dir', 'nowhere'],
    1,
    /--id x: write 76 for a message, 76\.1 for its first recipient/,
  ],
  [['account', 'list', '--dir', 'nowhere'], 1, /nowhere.server\.yaml:1:1: there is no such file/],
  [['localserve', '--ip', 'localhost', '--dir', 'nowhere'], 1, /--ip localhost is not an IP address/],
] as const) {
  test(`godwit ${args.join(' ')} ends with ${code}`, async () => {
    const ended = await godwit(args);
    assert.equal(ended.code, code, ended.errors);
    assert.match(code === 0 ? ended.output : ended.errors, wanted);
  });
}

test('godwit queue route: which way and why, with a server and without; queue transport: another way for what waits', async () => {
  await using dir = await tempDir();
  const folder = await prepared(dir.path);
  await edit(join(folder, 'server.yaml'), (text) => `${text}\n${routesYaml}`);
  const route = async (...args: readonly string[]): Promise<string> => {
    const { code, output, errors } = await godwit(['queue', 'route', ...args, '--dir', folder]);
    return code === 0 ? output : errors;
  };
  const asked = async (): Promise<readonly string[]> => [
    await route('godwit@localhost', 'a@partner.example'),
    await route('<>', 'a@other.example', '--attempt', '4'),
  ];
  const offline = await asked();
  assert.deepEqual(offline, [
    'Mail of the account godwit goes by transport never, which fails with 451 not now: routes.0 in server.yaml matches\n',
    [
      'Mail of no account goes to this server itself: a development server sends nothing to the network; otherwise routes.1 in server.yaml matches',
      '  not routes.0 in server.yaml: the recipient is not in partner.example',
      '',
    ].join('\n'),
  ]);
  await using server = await startGodwit(['localserve', '--dir', folder], ready);
  assert.deepEqual(await asked(), offline);
  const login = { user: 'godwit@localhost', pass: 'godwitgodwit' };
  assert.match(await submit(portOf(server.greeting, 'submission'), login, 'a@partner.example'), /^250 /);
  const transport = async (...args: readonly string[]): Promise<string> =>
    (await godwit(['queue', 'transport', ...args, '--dir', folder])).output;
  const show = async (): Promise<string> => (await godwit(['queue', 'show', '1', '--dir', folder])).output;
  let shown = await show();
  for (let tries = 0; tries < 30 && !shown.includes('Attempts:'); tries += 1) shown = await show();
  assert.match(
    shown,
    /deferred after \d+ ms, no host reached: 451 not now\n +by transport never, which fails with 451/,
  );
  assert.equal(await transport('later', '--id', '1.1'), '1 recipient to go by later.\n');
  assert.match(await show(), /^transport +later, set by an operator$/m);
  assert.equal(await transport('--none', '--all'), '1 recipient to go as routes say.\n');
  assert.equal((await godwit(['queue', 'transport', '--all', '--dir', folder])).code, 1);
  assert.equal((await godwit(['queue', 'transport', 'gone', '--all', '--dir', folder])).code, 1);
});

const routesYaml = `transports:
  never: { kind: fail, code: 451, text: not now }
  later: { kind: smtp, host: relay.example }
routes:
  - { toDomain: [partner.example], transport: never }
  - { minimumAttempts: 3, transport: later }
`;

test('godwit serve: started as root it serves as another user', { skip: !isRoot() && 'not root' }, async () => {
  await using dir = await tempDir();
  const local = await prepared(dir.path);
  const folder = join(dir.path, 'system');
  await mkdir(folder);
  for (const name of ['server.yaml', 'domains.yaml', 'localhost.crt', 'localhost.key']) {
    await writeFile(join(folder, name), await readFile(join(local, name)), { mode: 0o600 });
  }
  for (const path of [dir.path, folder]) await chmod(path, 0o755);
  await chmod(join(folder, 'domains.yaml'), 0o644);
  const server = join(folder, 'server.yaml');
  await edit(server, (text) => text.replace('localserve: true', 'user: no-such-user'));
  const refused = await godwit(['serve', '--config', folder]);
  assert.equal(refused.code, 1);
  assert.match(
    refused.errors,
    /server\.yaml:\d+:1: user: there is no user no-such-user to serve as\. Create it with 'useradd /,
  );
  await edit(server, (text) => text.replace('no-such-user', 'nobody'));
  await using running = await startGodwit(['serve', '--config', folder], /server\.ready/);
  assert.notEqual((await stat(join(folder, 'data'))).uid, 0);
  assert.notEqual((await stat(join(folder, 'data', 'server.db'))).uid, 0);
  const status = await godwit(['status', '--config', folder]);
  assert.match(status.output, /^certificate +localhost, .*\(listener local\), until \d{4}-/m);
  running.signal('SIGHUP');
  assert.equal((await godwit(['config', 'reload', '--config', folder])).code, 0);
  await writeFile(join(folder, 'localhost.crt'), 'no certificate', { mode: 0o600 });
  await chmod(join(folder, 'localhost.crt'), 0o644);
  const reloaded = await godwit(['config', 'reload', '--config', folder]);
  assert.equal(reloaded.code, 1);
  assert.match(
    reloaded.errors,
    /server\.yaml:\d+:\d+: listeners\.local\.tls: .*The old certificate stays in use until /,
  );
  running.signal('SIGTERM');
  const { code, errors } = await running.ended;
  assert.equal(code, 0, errors);
  const set = await godwit(['password', 'set', 'godwit', '--stdin', '--config', folder], 'while stopped\n');
  assert.equal(set.code, 0, set.errors);
});

test(
  'godwit config check: as root it looks for DKIM keys as the user who serves',
  { skip: !isRoot() && 'not root' },
  async () => {
    await using dir = await tempDir();
    const folder = await prepared(dir.path);
    for (const path of [dir.path, folder]) await chmod(path, 0o755);
    await edit(join(folder, 'server.yaml'), (text) => text.replace('localserve: true', 'user: nobody'));
    await writeFile(
      join(folder, 'key.pem'),
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }),
    );
    await chmod(join(folder, 'key.pem'), 0o600);
    await writeFile(
      join(folder, 'domains.yaml'),
      'domains: { localhost: { dkim: { selectors: { a: { keyFile: key.pem } }, sign: [a] } } }\naccounts: { godwit: {} }\n',
    );
    const refused = await godwit(['config', 'check', '--config', folder]);
    const want =
      /domains\.yaml:1:\d+: domains\.localhost\.dkim\.selectors\.a\.keyFile: user nobody, who serves, may not read .*key\.pem, because of the rights on .*key\.pem\. Run 'chown -R nobody .*key\.pem'/;
    assert.equal(refused.code, 1);
    assert.match(refused.errors, want);
    await chmod(join(folder, 'key.pem'), 0o644);
    const right = await godwit(['config', 'check', '--config', folder]);
    assert.doesNotMatch(right.errors, /dkim/);
  },
);
