import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { Files } from '#host/files';
import { FakeLog } from '#testing/fake-log';
import { tempDir } from '#testing/temp-dir';
import { startServer, type RunningServer } from './server.ts';

const domains = 'domains: { example.org: {} }\naccounts: { ann: {}, bob: {}, cyd: {} }\n';

/** Opens a connection, logs in and resolves with the lines that follow once the server ends it. */
async function session(port: number, login: string, until: RegExp): Promise<{ readonly rest: Promise<string> }> {
  const socket: Socket = connect(port, '127.0.0.1');
  socket.setEncoding('utf8');
  let heard = '';
  const ready = Promise.withResolvers<void>();
  const rest = new Promise<string>((resolve) => {
    let before = 0;
    socket.on('data', (text: string) => {
      heard += text;
      if (before === 0 && until.test(heard)) {
        before = heard.length;
        ready.resolve();
      }
    });
    socket.on('close', () => {
      ready.reject(new Error(`closed after ${heard}`));
      resolve(heard.slice(before));
    });
    socket.on('end', () => socket.end());
  });
  socket.write(login);
  await ready.promise;
  return { rest };
}

async function inWorld(body: (server: RunningServer, folder: string) => Promise<void>): Promise<void> {
  await using dir = await tempDir();
  const [folder, log] = [dir.path, new FakeLog()];
  const plain = '{ port: 0, allowPlaintextAuth: true }';
  const listener = `{ addresses: [127.0.0.1], imap: ${plain}, submission: ${plain}, http: ${plain} }`;
  await writeFile(
    join(folder, 'server.yaml'),
    `hostname: mail.example.org\npostmaster: cyd\nlisteners: { local: ${listener} }\n`,
  );
  await writeFile(join(folder, 'domains.yaml'), domains);
  const onFatal = (error: Error): never => assert.fail(error);
  await using server = await startServer({ folder, files: new Files(), log, onFatal });
  for (const name of ['ann', 'bob']) await server.services.credentials.setPassword(name, 'correct horse');
  await body(server, folder);
  assert.deepEqual(log.ofLevel('error'), []);
}

/** Logs in to both protocols. @returns the last words to both. */
async function bothEnd(
  { addresses }: RunningServer,
  [account, password]: readonly [string, string],
  change: () => Promise<unknown>,
): Promise<readonly [string, string]> {
  const portOf = (service: string): number => addresses.find((one) => one.service === service)?.port ?? 0;
  const plain = Buffer.from(`\0${account}\0${password}`).toString('base64');
  const sessions = [
    await session(portOf('imap'), `1 LOGIN ${account} "${password}"\r\n2 IDLE\r\n`, /^\+ /m),
    await session(portOf('submission'), `EHLO laptop\r\nAUTH PLAIN ${plain}\r\n`, /^235 /m),
  ] as const;
  await change();
  return [await sessions[0].rest, await sessions[1].rest];
}

test('a new password ends the sessions of the old one, and those of an app password end with it', () =>
  inWorld(async (server) => {
    const { credentials, appPasswords } = server.services;
    const password = await appPasswords.add('ann', { name: 'phone', scopes: ['mail', 'send'], expiresMs: null });
    const change = () => credentials.setPassword('ann', 'battery staple');
    const phone = bothEnd(server, ['ann', password], async () => {
      for (const last of await bothEnd(server, ['ann', 'correct horse'], change))
        assert.match(last, /^(\* BYE \[EXPIRED\]|421 4\.7\.0) your login has ended: its password or key was changed/);
      await appPasswords.remove('ann', 'phone');
    });
    for (const last of await phone) assert.match(last, /^(\* BYE \[EXPIRED\]|421 4\.7\.0) your login has ended/);
  }));

test('an account that is disabled by hand ends its sessions with the reason', () =>
  inWorld(async (server, folder) => {
    const disable = async (): Promise<void> => {
      const text = domains.replace('bob: {}', 'bob: { loginDisabled: on leave until May }');
      await writeFile(join(folder, 'domains.yaml'), text);
      await server.reload();
    };
    for (const last of await bothEnd(server, ['bob', 'correct horse'], disable))
      assert.match(last, /on leave until May/);
  }));

test('an account that is removed ends its sessions', () =>
  inWorld(async (server) => {
    const [imap, submission] = await bothEnd(server, ['bob', 'correct horse'], () =>
      server.services.accounts.remove('bob'),
    );
    assert.match(imap, /^\* BYE .*account bob was removed/);
    assert.match(submission, /^421 4\.7\.0 your login has ended/);
  }));

/** Opens an event stream of JMAP with a field of the header, and resolves with the rest of the response once it ends. */
async function stream(server: RunningServer, field: string): Promise<{ readonly rest: Promise<string> }> {
  const port = server.addresses.find(({ service }) => service === 'http')?.port ?? 0;
  const target = '/jmap/events?types=*&closeafter=no&ping=0';
  const request = `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${field}\r\n\r\n`;
  return await session(port, request, /: connected/);
}

test('an event stream ends with its app password, and with its session of pages', () =>
  inWorld(async (server) => {
    const { appPasswords, checker, webSessions } = server.services;
    const token = await appPasswords.add('ann', { name: 'script', scopes: ['read-only'], expiresMs: null });
    const identity = await checker.checkPassword('ann', 'correct horse');
    const begun = identity === null ? null : await webSessions.begin(identity, 'Firefox on Linux', '127.0.0.1');
    assert.ok(begun !== null);
    const ofToken = await stream(server, `Authorization: Bearer ${token}`);
    const ofPage = await stream(server, `Cookie: godwit=${begun.token}`);
    let hasPageEnded = false;
    const page = ofPage.rest.then(() => (hasPageEnded = true));
    await appPasswords.remove('ann', 'script');
    await ofToken.rest;
    assert.equal(hasPageEnded, false);
    await webSessions.end('ann', begun.id);
    await page;
  }));
