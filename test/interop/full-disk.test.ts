import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { tempDir } from '#testing/temp-dir';
import { LineClient } from '../crash/line-client.ts';
import { run, succeed } from './programs.ts';
import { account, program, setUpLocalserve, startLocalserveIn, type ServerUnderTest } from './server-under-test.ts';

const execute = promisify(execFile);
const sizeMiB = 8;

/** A small disk, unmounted by disposal; the reason as text where the system does not let us have one. */
async function smallDisk(path: string): Promise<AsyncDisposable | string> {
  await mkdir(path);
  try {
    await execute('mount', ['-t', 'tmpfs', '-o', `size=${sizeMiB}m`, 'tmpfs', path]);
  } catch (error) {
    return error instanceof Error ? error.message.trim() : String(error);
  }
  return {
    async [Symbol.asyncDispose]() {
      await execute('umount', ['-l', path]);
    },
  };
}

/** Sends one message by SMTP, to others than the account with a login. @returns the last reply. */
async function send(port: number, id: string, sizeBytes: number, to: string = account.address): Promise<string> {
  using client = await LineClient.connect(port);
  const ask = async (command: string): Promise<string> => {
    client.send(command);
    for (;;) {
      const line = await client.line();
      if (line[3] === ' ') return line;
    }
  };
  await ask('');
  await ask('EHLO client.example\r\n');
  const text = 'x'
    .repeat(70)
    .concat('\r\n')
    .repeat(Math.ceil(sizeBytes / 72));
  const login = Buffer.from(`\0${account.address}\0${account.password}`).toString('base64');
  if (to !== account.address) assert.match(await ask(`AUTH PLAIN ${login}\r\n`), /^235/);
  const from = to === account.address ? 'sender@example.org' : account.address;
  for (const command of [`MAIL FROM:<${from}>\r\n`, `RCPT TO:<${to}>\r\n`, 'DATA\r\n']) {
    const reply = await ask(command);
    if (!/^[23]/.test(reply)) return reply;
  }
  return await ask(`From: <${from}>\r\nMessage-ID: <${id}@example.org>\r\nSubject: ${id}\r\n\r\n${text}.\r\n`);
}

/** Runs commands in one IMAP session after a login. @returns the lines of each. */
async function imap(port: number, commands: readonly string[]): Promise<string[][]> {
  using client = await LineClient.connect(port);
  await client.line();
  const answers: string[][] = [];
  for (const command of [`LOGIN ${account.address} ${account.password}`, ...commands]) {
    client.send(`a ${command}\r\n`);
    const lines: string[] = [];
    do lines.push(await client.line());
    while (!lines.at(-1)?.startsWith('a '));
    answers.push(lines);
  }
  return answers.slice(1);
}

/** Sends small bodies, which are rows, and large ones, which are files, and adds what was acknowledged. @returns the first other reply. */
async function sendUntilRefused(port: number, prefix: string, acknowledged: string[]): Promise<string> {
  for (let i = 1; i < 2000; i += 1) {
    const id = `${prefix}${i}`;
    const reply = await send(port, id, i % 5 === 0 ? 300_000 : 20_000);
    if (!reply.startsWith('250')) return reply;
    acknowledged.push(id);
  }
  return 'never refused';
}

async function messageIds(port: number): Promise<Set<string>> {
  const [, fetched = []] = await imap(port, ['SELECT INBOX', 'FETCH 1:* BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]']);
  return new Set(fetched.flatMap((line) => /^Message-ID: <(.*)@example\.org>/.exec(line)?.[1] ?? []));
}

async function eventually(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 240; tries += 1) {
    if (await isSo()) return;
    await wait(250);
  }
  assert.fail(`within a minute: ${what}`);
}

const linesWith = (server: ServerUnderTest, event: RegExp): string[] =>
  server
    .log()
    .split('\n')
    .filter((line) => event.test(line));

test('a disk that becomes full: refused, read, deleted, stopped, started, and well again when there is room', async (t) => {
  await using dir = await tempDir();
  const disk = join(dir.path, 'disk');
  await using mounted = wrapped(await smallDisk(disk));
  if (mounted.problem !== null) {
    t.skip(`skipped: no small disk can be mounted here: ${mounted.problem}`);
    return;
  }
  const folder = join(dir.path, 'godwit');
  await setUpLocalserve(folder);
  await rm(join(folder, 'data'), { recursive: true });
  const config = join(folder, 'server.yaml');
  await writeFile(config, (await readFile(config, 'utf8')).replace('dataDirectory: data', `dataDirectory: ${disk}`));
  const acknowledged: string[] = [];
  {
    await using server = await startLocalserveIn(folder);
    const { smtp, imap: imapPort } = server.ports;
    assert.match(await send(server.ports.submission, 'waits', 1000, 'queuetemperror@example.net'), /^250 /);
    const refused = await sendUntilRefused(smtp, 'a', acknowledged);
    assert.match(refused, /^452 4\.3\.1 the disk is full/);
    assert.ok(acknowledged.length > 5, String(acknowledged.length));
    await fill(join(disk, 'ballast'));
    for (let i = 0; i < 20; i += 1) assert.match(await send(smtp, 'late', 20_000), /^452 4\.3\.1 /);
    assert.equal(
      linesWith(server, /storage\.diskFull/).filter((line) => !line.includes('suppressed')).length <= 3,
      true,
    );

    // Reading works, and what needs space is refused in the words of IMAP.
    const literal = `Subject: no room\r\n\r\n${'y'.repeat(50_000)}`;
    const [selected, body, appended] = await imap(imapPort, [
      'SELECT INBOX',
      'FETCH 1 BODY.PEEK[TEXT]<0.10>',
      `APPEND INBOX {${literal.length}+}\r\n${literal}`,
    ]);
    assert.match(selected?.at(-1) ?? '', /^a OK/);
    assert.match(body?.at(-1) ?? '', /^a OK/);
    assert.match(appended?.at(-1) ?? '', /^a NO \[LIMIT\] disk full/);
    assert.deepEqual(await missingOf(imapPort, acknowledged), []);

    // Queued mail can be dropped, flags can be set, and nothing of this was a bug.
    const dropped = await run(process.execPath, [program, 'queue', 'drop', '--all', '--yes', '--dir', folder]);
    assert.equal(dropped.code, 0, dropped.stderr);
    const listed = await succeed(process.execPath, [program, 'queue', 'list', '--json', '--dir', folder]);
    assert.equal(dropped.stdout.includes('1'), true, dropped.stdout);
    assert.doesNotMatch(listed.stdout, /"state": "(?:queued|leased)"/);
    const shown = await succeed(process.execPath, [program, 'status', '--dir', folder]);
    assert.match(shown.stdout, /^trouble +the disk is full: /m);
    assert.deepEqual(linesWith(server, /\.bug/), []);
    const stopped = await run(process.execPath, [program, 'stop', '--dir', folder]);
    assert.equal(stopped.code, 0, stopped.stderr);
  }
  {
    await using server = await startLocalserveIn(folder);
    const { smtp, imap: imapPort } = server.ports;
    assert.deepEqual(await missingOf(imapPort, acknowledged), []);
    assert.match(await sendUntilRefused(smtp, 'b', acknowledged), /^452 4\.3\.1 /);
    assert.deepEqual(await missingOf(imapPort, acknowledged), []);
    // The owner makes room: no restart is needed.
    const [, flagged, expunged] = await imap(imapPort, [
      'SELECT INBOX',
      'STORE 3:* +FLAGS.SILENT (\\Deleted)',
      'EXPUNGE',
    ]);
    assert.match(flagged?.at(-1) ?? '', /^a OK/);
    assert.match(expunged?.at(-1) ?? '', /^a OK/);
    assert.deepEqual(await missingOf(imapPort, acknowledged.slice(0, 2)), []);
    await rm(join(disk, 'ballast'));
    await eventually('mail is accepted again', async () => (await send(smtp, 'welcome', 20_000)).startsWith('250'));
    await eventually(
      'the reserve is there again',
      async () => (await stat(join(disk, 'reserve')).catch(() => null)) !== null,
    );
    assert.deepEqual(await missingOf(imapPort, ['welcome']), []);
    assert.deepEqual(linesWith(server, /\.bug/), []);
  }
  const { stdout } = await succeed(process.execPath, [program, 'check', '--dir', folder, '--json']);
  assert.deepEqual(JSON.parse(stdout), []);
});

/** Writes until there is no space left at all, as another program would. */
async function fill(path: string): Promise<void> {
  for (const [block, count] of [
    ['64K', '128'],
    ['4K', '64'],
  ] as const) {
    await execute('sh', ['-c', `dd if=/dev/zero bs=${block} count=${count} >>"$1" 2>/dev/null; true`, 'sh', path]);
  }
}

async function missingOf(port: number, wanted: readonly string[]): Promise<string[]> {
  const ids = await messageIds(port);
  return wanted.filter((id) => !ids.has(id));
}

function wrapped(disk: AsyncDisposable | string): AsyncDisposable & { readonly problem: string | null } {
  if (typeof disk === 'string') return { problem: disk, [Symbol.asyncDispose]: () => Promise.resolve() };
  return { problem: null, [Symbol.asyncDispose]: () => disk[Symbol.asyncDispose]() };
}
