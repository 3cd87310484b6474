import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { get as secureGet } from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { tempDir } from '#testing/temp-dir';
import { godwit, startGodwit } from './program.ts';

const ready = /Stop with Ctrl-C/;
const login = 'godwit@localhost:godwitgodwit';

/** A localserve folder with other ports than the usual ones. */
async function prepared(folder: string, portOf: (standard: number) => number): Promise<void> {
  const first = await godwit(['localserve', '--dir', folder, '--ip', '127.0.0.1', '--init-only']);
  assert.equal(first.code, 0, first.errors);
  const file = join(folder, 'server.yaml');
  const text = (await readFile(file, 'utf8')).replaceAll(/port: (\d+)/g, (_, port) => `port: ${portOf(Number(port))}`);
  await writeFile(file, text);
}

/** Ports of a service, as the greeting names them. */
function portsOf(greeting: string, service: string): number[] {
  return [...greeting.matchAll(new RegExp(`^ +${service} +${service}://localhost:(\\d+) `, 'gm'))].map(([, port]) =>
    Number(port),
  );
}

/** Services and their ports in the order of the greeting, which is that of the configuration. */
function servedPorts(greeting: string): { readonly service: string; readonly port: number }[] {
  return [...greeting.matchAll(/^ {2}([a-z]+) +[a-z]+:\/\/\S+:(\d+) /gm)].map(([, service = '', port]) => ({
    service,
    port: Number(port),
  }));
}

async function answerTo(request: ReturnType<typeof get>): Promise<{ response: IncomingMessage; text: string }> {
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  return { response, text };
}

test('godwit localserve: HTTP on three ports, JMAP with the login of the greeting, and no HSTS', async () => {
  await using dir = await tempDir();
  const folder = join(dir.path, 'local');
  await prepared(folder, () => 0);
  await using server = await startGodwit(['localserve', '--dir', folder], ready);
  const plain = portsOf(server.greeting, 'http');
  assert.equal(plain.length, 2, server.greeting);
  assert.match(server.greeting, /^ {2}curl --user \S+ http:\/\/localhost:\d+\/\.well-known\/jmap$/m);
  const [secure = 0] = portsOf(server.greeting, 'https');
  for (const port of plain) {
    const page = await answerTo(get({ host: '127.0.0.1', port, headers: { Host: `localhost:${port}` }, agent: false }));
    assert.match(page.text, new RegExp(`^  https +${secure} `, 'm'));
    const jmap = { host: '127.0.0.1', port, path: '/.well-known/jmap', auth: login, agent: false } as const;
    const session: unknown = JSON.parse((await answerTo(get(jmap))).text);
    assert.ok(session !== null && typeof session === 'object' && 'username' in session, JSON.stringify(session));
    assert.equal(session.username, 'godwit@localhost');
  }
  const { response } = await answerTo(
    secureGet({ host: '127.0.0.1', port: secure, rejectUnauthorized: false, agent: false }),
  );
  assert.deepEqual([response.statusCode, response.headers['strict-transport-security']], [200, undefined]);
});

test('godwit localserve: programs may call it as containers do, but pages of other sites get nothing', async () => {
  await using dir = await tempDir();
  const folder = join(dir.path, 'local');
  await prepared(folder, () => 0);
  await using server = await startGodwit(['localserve', '--dir', folder], ready);
  const [port = 0] = portsOf(server.greeting, 'http');
  for (const [host, status] of [
    ['[::1]', 200],
    ['172.17.0.1', 200],
    ['my_app-mail-1', 200],
    ['host.docker.internal', 200],
    ['rebound.example', 421],
  ] as const) {
    const headers = { Host: `${host}:${port}` };
    const { response } = await answerTo(get({ host: '127.0.0.1', port, headers, agent: false }));
    assert.equal(response.statusCode, status, host);
  }
});

test('godwit localserve: a second one beside the first takes other ports, says whose the first are, and both serve', async () => {
  await using dir = await tempDir();
  // Far enough from the last port for both to find others.
  await using probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const base = Math.min((probe.address() as AddressInfo).port, 64_000);
  const portOf = (standard: number): number => base + (standard % 977);
  const folders = [join(dir.path, 'one'), join(dir.path, 'two')];
  await prepared(folders[0] ?? '', portOf);
  await using one = await startGodwit(['localserve', '--dir', folders[0] ?? ''], ready);
  // The second is to have those that the first has, wherever other programs let it listen.
  const portsOfOne = servedPorts(one.greeting);
  assert.equal(portsOfOne.length, 8, one.greeting);
  const left = portsOfOne.map(({ port }) => port);
  await prepared(folders[1] ?? '', () => left.shift() ?? 0);
  await using two = await startGodwit(['localserve', '--dir', folders[1] ?? ''], ready);
  const portsOfTwo = servedPorts(two.greeting);
  assert.equal(portsOfTwo.length, 8, two.greeting);
  for (const [index, { service, port: first }] of portsOfOne.entries()) {
    const second = portsOfTwo[index]?.port;
    assert.notEqual(first, second);
    const owner = process.platform === 'linux' ? `node\\S* ?\\S* \\(process ${one.pid}\\)` : 'another program';
    assert.match(
      two.greeting,
      new RegExp(`^  Port ${first} is taken by ${owner}: ${service} is on ${second}\\.$`, 'm'),
    );
  }
  for (const { greeting } of [one, two]) {
    const [port = 0] = portsOf(greeting, 'http');
    assert.equal((await answerTo(get({ host: '127.0.0.1', port, agent: false }))).response.statusCode, 200);
  }
  for (const folder of folders) {
    const checked = await godwit(['config', 'check', '--config', folder]);
    assert.equal(checked.code, 0, checked.errors);
  }
});
