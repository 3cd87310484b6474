import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { makeSelfSigned } from '#host/certificates';
import { Files } from '#host/files';
import { FakeLog } from '#testing/fake-log';
import { tempDir } from '#testing/temp-dir';
import { startServer } from './server.ts';

interface World {
  readonly log: FakeLog;
  readonly portOf: (service: string) => number;
}

/** A server with every kind of port, which takes 127.0.0.1 for a proxy or does not. */
async function inWorld(proxies: string, body: (world: World) => Promise<void>, forwarded = ''): Promise<void> {
  await using dir = await tempDir();
  const [folder, log] = [dir.path, new FakeLog()];
  const { certPem, keyPem } = await makeSelfSigned({ names: ['mail.example.org'], days: 9, now: Date.now() });
  await writeFile(join(folder, 'cert.pem'), certPem);
  await writeFile(join(folder, 'key.pem'), keyPem);
  await writeFile(
    join(folder, 'server.yaml'),
    `hostname: mail.example.org
postmaster: ann
securityTxt: { contact: ['mailto:security@example.org'] }
listeners:
  local:
    addresses: [127.0.0.1]
    tls: { certificateFile: cert.pem, keyFile: key.pem }
    proxyProtocolFrom: [${proxies}]
    smtp: { port: 0 }
    submission: { port: 0 }
    submissions: { port: 0 }
    imap: { port: 0 }
    imaps: { port: 0 }
    http: { port: 0, ${forwarded} }
    https: { port: 0 }
`,
  );
  await writeFile(join(folder, 'domains.yaml'), 'domains: { example.org: {} }\naccounts: { ann: {} }\n');
  const onFatal = (error: Error): never => assert.fail(error);
  await using server = await startServer({ folder, files: new Files(), log, onFatal });
  await server.services.credentials.setPassword('ann', 'correct horse');
  const portOf = (service: string): number => server.addresses.find((one) => one.service === service)?.port ?? 0;
  await body({ log, portOf });
  assert.deepEqual(log.ofLevel('error'), []);
}

/** Sends chunks, each after a turn of the loop, and resolves with all that came when the connection ends or `until` is there. */
async function talk(port: number, chunks: readonly (string | Uint8Array)[], until?: RegExp): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  for (const chunk of chunks) {
    socket.write(chunk);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return await heardOn(socket, until);
}

async function heardOn(socket: Socket, until?: RegExp): Promise<string> {
  let heard = '';
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on('error', () => resolve());
  socket.on('end', () => socket.end());
  socket.on('close', () => resolve());
  socket.on('data', (bytes) => {
    heard += bytes.toString('latin1');
    if (until?.test(heard) === true) resolve();
  });
  await promise;
  socket.destroy();
  return heard;
}

const text = (client: string): string => `PROXY TCP4 ${client} 198.51.100.2 40000 25\r\n`;
const binary = Uint8Array.from(Buffer.from('0d0a0d0a000d0a515549540a2111000ccb007105c63364029c400019', 'hex'));
const wrong = `AUTH PLAIN ${btoa('\0ann\0wrong')}\r\n`;

/** Addresses of clients in the log of failed logins. */
function failedFrom(log: FakeLog): unknown[] {
  return log.events.filter(({ event }) => event.endsWith('loginFailed')).map(({ fields }) => fields['remoteAddress']);
}

for (const [version, header] of [
  ['1', text('203.0.113.5')],
  ['2', binary],
] as const) {
  test(`PROXY protocol ${version}: every service sees the client in place of the proxy, before TLS`, () =>
    inWorld('127.0.0.1', async ({ log, portOf }) => {
      const basic = `Authorization: Basic ${btoa('ann:wrong')}`;
      const get = `GET /.well-known/jmap HTTP/1.1\r\nHost: mail.example.org\r\nConnection: close\r\n${basic}\r\n\r\n`;
      const dialogues: readonly (readonly [string, string, RegExp])[] = [
        ['submissions', `EHLO x\r\n${wrong}QUIT\r\n`, /^535 /m],
        ['imaps', '1 LOGIN ann wrong\r\n2 LOGOUT\r\n', /^1 NO /m],
        ['https', get, /^HTTP\/1\.1 401 /m],
      ];
      for (const [service, lines, answer] of dialogues) {
        const raw = connect(portOf(service), '127.0.0.1');
        raw.write(header);
        const secured = connectTls({ socket: raw, rejectUnauthorized: false, servername: 'mail.example.org' });
        secured.write(lines);
        assert.match(await heardOn(secured), answer, service);
      }
      assert.deepEqual(failedFrom(log), ['203.0.113.5', '203.0.113.5', '203.0.113.5']);
      assert.match(await talk(portOf('smtp'), [header, 'QUIT\r\n']), /^220 .*\r\n221 /);
      assert.match(await talk(portOf('imap'), [header, '1 LOGOUT\r\n']), /^\* OK [^]*1 OK /);
      // The address that the client connected to is one of ours.
      const start = 'GET / HTTP/1.1\r\nHost: 198.51.100.2\r\nConnection: close\r\n\r\n';
      assert.match(await talk(portOf('http'), [header, start]), /^HTTP\/1\.1 200 /);
    }));
}

for (const [version, header] of [
  ['1', new TextEncoder().encode(text('203.0.113.5'))],
  ['2', binary],
] as const) {
  test(`PROXY protocol ${version}: a header cut at every byte is awaited, and refused when it does not go on`, () =>
    inWorld('127.0.0.1', async ({ log, portOf }) => {
      const port = portOf('smtp');
      for (let at = 1; at < header.length; at += 1) {
        const socket = connect(port, '127.0.0.1');
        socket.end(header.subarray(0, at));
        assert.equal(await heardOn(socket), '', `ended after ${at}`);
        const whole = await talk(port, [header.subarray(0, at), header.subarray(at), 'QUIT\r\n']);
        assert.match(whole, /^220 .*\r\n221 /, `cut at ${at}`);
      }
      assert.match(
        await talk(
          port,
          [...header].map((byte) => Uint8Array.of(byte)),
          /^220 /,
        ),
        /^220 /,
      );
      const refused = log.events.filter(({ event }) => event === 'net.proxyRefused');
      assert.equal(refused.length, header.length - 1);
      assert.deepEqual(refused[0]?.fields, { proxy: '127.0.0.1', port, reason: 'it ended within its PROXY header' });
    }));
}

test('PROXY protocol: a proxy without a header is refused and logged, a check of the port is not', () =>
  inWorld('127.0.0.1', async ({ log, portOf }) => {
    for (const service of ['smtp', 'submission', 'submissions', 'imap', 'imaps', 'http', 'https']) {
      assert.equal(await talk(portOf(service), ['EHLO x\r\n']), '', service);
      assert.equal(await talk(portOf(service), ['PROXY TCP4 here there\r\n']), '', service);
      const check = connect(portOf(service), '127.0.0.1');
      check.end();
      assert.equal(await heardOn(check), '', service);
    }
    const refused = log.events.filter(({ event }) => event === 'net.proxyRefused');
    assert.deepEqual(
      [...new Set(refused.map(({ fields }) => fields['reason']))],
      ['it does not begin with a PROXY header', 'its line is malformed'],
    );
    assert.equal(refused.length, 14);
  }));

test('PROXY protocol: health checks are connections of the proxy itself', () =>
  inWorld('127.0.0.1', async ({ log, portOf }) => {
    assert.match(await talk(portOf('smtp'), ['PROXY UNKNOWN\r\n', 'QUIT\r\n']), /^220 /);
    await talk(portOf('imap'), ['PROXY UNKNOWN\r\n', '1 STARTTLS\r\n'], /1 OK/);
    assert.equal(
      log.events.some(({ event }) => event === 'net.proxyRefused'),
      false,
    );
  }));

test('PROXY protocol: from a client that is no proxy the header is only a wrong command', () =>
  inWorld('192.0.2.7', async ({ log, portOf }) => {
    const heard = await talk(portOf('smtp'), [text('203.0.113.5'), 'QUIT\r\n']);
    assert.match(heard, /^220 .*\r\n500 /);
    assert.equal(
      log.events.some(({ fields }) => fields['remoteAddress'] === '203.0.113.5'),
      false,
    );
    assert.match(await talk(portOf('http'), [text('203.0.113.5')]), /^HTTP\/1\.1 400 /);
  }));

test('PROXY protocol: limits hold for clients, not for the proxy', () =>
  inWorld('127.0.0.1', async ({ portOf }) => {
    const port = portOf('smtp');
    const open: Socket[] = [];
    const banner = async (client: string): Promise<string> => {
      const socket = connect(port, '127.0.0.1');
      open.push(socket);
      socket.write(text(client));
      return await new Promise((resolve) => socket.once('data', (bytes) => resolve(bytes.toString())));
    };
    for (let i = 0; i < 30; i += 1) assert.match(await banner('203.0.113.5'), /^220 /);
    assert.match(await banner('203.0.113.5'), /^421 .*too many open connections/);
    assert.match(await banner('192.0.2.99'), /^220 /);
    for (const socket of open) socket.destroy();
  }));

test('forwarded requests count for their client, and connections of their proxy are not counted', () =>
  inWorld(
    '192.0.2.7',
    async ({ log, portOf }) => {
      const get = (client: string, password: string): string =>
        `GET /.well-known/jmap HTTP/1.1\r\nHost: mail.example.org\r\nConnection: close\r\nX-Forwarded-For: ${client}\r\n` +
        `X-Forwarded-Proto: https\r\nAuthorization: Basic ${btoa(`ann:${password}`)}\r\n\r\n`;
      const ask = async (client: string, password: string): Promise<string> =>
        await talk(portOf('http'), [get(client, password)]);
      for (let i = 0; i < 10; i += 1) assert.match(await ask('203.0.113.5', 'wrong'), /^HTTP\/1\.1 401 /);
      assert.match(await ask('203.0.113.5', 'correct horse'), /^HTTP\/1\.1 429 /);
      const right = await ask('198.51.100.7', 'correct horse');
      assert.match(right, /^HTTP\/1\.1 200 [^]*"apiUrl":"https:\/\/mail\.example\.org\/jmap\/api"/);
      assert.match(right, /strict-transport-security: max-age/i);
      assert.deepEqual(new Set(failedFrom(log)), new Set(['203.0.113.5']));
      const txt = await talk(portOf('http'), [
        'GET /.well-known/security.txt HTTP/1.1\r\nHost: mail.example.org\r\nConnection: close\r\n\r\n',
      ]);
      assert.match(txt, /^HTTP\/1\.1 200 [^]*\r\n\r\n[^]*Contact: mailto:security@example\.org\n/);
    },
    'forwarded: { from: [127.0.0.1] }',
  ));
