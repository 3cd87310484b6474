import assert from 'node:assert/strict';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createTransport } from 'nodemailer';
import { isRoot } from '#host/process';
import { parseConfigFiles } from '#mail/config';
import { tempDir } from '#testing/temp-dir';
import { godwit, startGodwit } from './program.ts';

const login = { user: 'godwit@localhost', pass: 'godwitgodwit' };

/** A localserve folder whose ports the system chooses. */
async function prepared(folder: string, change: (text: string) => string = (text) => text): Promise<string> {
  const first = await godwit(['localserve', '--dir', folder, '--ip', '127.0.0.1', '--init-only']);
  assert.equal(first.code, 0, first.errors);
  const file = join(folder, 'server.yaml');
  await writeFile(file, change((await readFile(file, 'utf8')).replaceAll(/port: \d+/g, 'port: 0')));
  return folder;
}

/** Waits until an attempt at the recipient with this id ended. @returns what `queue show` says then. */
async function attempted(id: number, folder: string, wanted = 'Attempts:'): Promise<string> {
  for (let tries = 0; tries < 30; tries += 1) {
    const { output } = await godwit(['queue', 'show', String(id), '--verbose', '--dir', folder]);
    if (output.includes(wanted)) return output;
  }
  return assert.fail(`no "${wanted}" in ${id}`);
}

test('godwit serve: mail leaves by a submission service, with the password that its file has at the time', async () => {
  await using dir = await tempDir();
  await chmod(dir.path, 0o755);
  await using service = await startGodwit(
    ['localserve', '--dir', await prepared(join(dir.path, 'service'))],
    /Stop with Ctrl-C/,
  );
  const port = (name: string, text: string): string => new RegExp(`^ *${name} +\\S*:(\\d+)`, 'm').exec(text)?.[1] ?? '';
  const folder = await prepared(
    join(dir.path, 'us'),
    (text) => `${text.replace('localserve: true', isRoot() ? 'user: nobody' : 'localserve: false')}
transports:
  service:
    kind: submission
    host: 127.0.0.1
    port: ${port('submission', service.greeting)}
    tls: unverified
    auth: { user: ${login.user}, passwordFile: service-password }
  tls-service:
    kind: submissions
    host: 127.0.0.1
    port: ${port('submissions', service.greeting)}
    auth: { user: ${login.user}, passwordFile: service-password }
routes:
  - { toDomain: [strict.example], transport: tls-service }
  - { transport: service }
`,
  );
  await chmod(folder, 0o755);
  await chmod(join(folder, 'domains.yaml'), 0o644);
  const passwordFile = join(folder, 'service-password');
  await writeFile(passwordFile, 'wrong\n', { mode: 0o644 });
  // Made as root, it would not be the user's who serves.
  await rm(join(folder, 'data'), { recursive: true });
  await using us = await startGodwit(['serve', '--config', folder], /server\.ready/);
  const set = await godwit(['password', 'set', 'godwit', '--stdin', '--dir', folder], `${login.pass}\n`);
  assert.equal(set.code, 0, set.errors);
  const status = await godwit(['status', '--dir', folder]);
  const submission = port('submission', status.output.replaceAll(' port ', ':'));
  const transport = createTransport({
    host: '127.0.0.1',
    port: Number(submission),
    auth: login,
    requireTLS: true,
    tls: { rejectUnauthorized: false },
  });
  const send = (to: string): Promise<unknown> =>
    transport.sendMail({ from: login.user, to, subject: 'by relay', text: 'hello' });
  await send('a@far.example');
  assert.match(
    await attempted(1, folder),
    /deferred after \d+ ms, 127\.0\.0\.1 \[127\.0\.0\.1\]: transport service is paused, .*: 535 /,
  );
  const paused =
    /^transport +service PAUSED since .*, as its login was refused: 127\.0\.0\.1: 535 .*; run 'godwit queue resume service'/m;
  assert.match((await godwit(['status', '--dir', folder])).output, paused);
  assert.match((await godwit(['queue', 'list', '--dir', folder])).output, /^1\.1 .* 0 .* transport service is paused/m);
  await writeFile(passwordFile, `${login.pass}\n`);
  const resumed = await godwit(['queue', 'resume', 'service', '--dir', folder]);
  // The changed file may have ended the pause a moment before.
  assert.match(resumed.output, /^(?:Resumed service; mail that waited is tried now|service is not paused)\.$/m);
  const first = await attempted(1, folder, ' delivered after ');
  assert.match(first, /\n +TLSv1\.3 with \w+, certificate that nobody vouches for \(.*\); login by SCRAM-SHA-256\n/);
  assert.match(first, /\n +> AUTH SCRAM-SHA-256 …\n +< 334\n +> …\n/);
  // It may go over the connection of the first one.
  await send('b@far.example');
  const shown = await attempted(2, folder);
  assert.match(shown, /delivered after \d+ ms, 127\.0\.0\.1 \[127\.0\.0\.1\]: 250 /);
  assert.match(shown, /by transport service, to 127\.0\.0\.1 port \d+: routes\.1 in server\.yaml matches/);
  assert.match(shown, /\n +demanded: TLS with any certificate \(tls: unverified of the transport\)\n/);
  await send('c@strict.example');
  assert.match(await attempted(3, folder), /deferred after \d+ ms, 127\.0\.0\.1 \[127\.0\.0\.1\]: .*certificate/);
  transport.close();
  us.signal('SIGTERM');
  assert.equal((await us.ended).code, 0);
});

test('docs/sending.md: every example is a configuration without mistakes', async () => {
  const text = await readFile(new URL('../../docs/sending.md', import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, block = '']) => block);
  assert.ok(blocks.length >= 8);
  const names = 'smarthost, service'.split(', ');
  const others = names.map((name) => `  ${name}: { kind: smtp, host: x.example }\n`).join('');
  for (const block of blocks) {
    const server = 'hostname: mail.example.org\npostmaster: alice\nlisteners: {}\n';
    const domains = 'domains: { example.org: {} }\naccounts: { alice: {} }\n';
    const files = /^domains:/m.test(block)
      ? { server: `${server}transports:\n${others}`, domains: block }
      : /^accounts:/m.test(block)
        ? { server, domains: `domains: { example.org: {} }\n${block}` }
        : { server: `${server}${wrapped(block)}`, domains };
    assert.doesNotThrow(
      () =>
        parseConfigFiles({ file: 'server.yaml', text: files.server }, { file: 'domains.yaml', text: files.domains }),
      block,
    );
  }
});

/** A block of the docs that is only a part of a transport, in one. */
function wrapped(block: string): string {
  if (/^(?:transports|queue):/m.test(block)) return block;
  const indented = block.trimEnd().replaceAll(/^ */gm, (blanks) => (blanks === '    ' ? blanks : `    ${blanks}`));
  return `transports:\n  part:\n    kind: submissions\n    host: x.example\n${indented}\n`;
}
