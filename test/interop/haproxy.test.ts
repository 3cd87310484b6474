import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { tempDir } from '#testing/temp-dir';
import { freePort, startDaemon } from './daemon.ts';
import { eventually } from './mailbox.ts';
import { describePeer, needs, succeed } from './programs.ts';
import { account, startLocalserve, type ServerUnderTest } from './server-under-test.ts';

/** Address of the client, which is neither the proxy's nor ours. */
const client = '127.0.9.9';
const login = `${account.address}:${account.password}`;

describePeer('HAProxy stands before us', needs('haproxy', 'curl'), () => {
  let server: ServerUnderTest;
  let proxied: Readonly<Record<string, number>>;
  const resources = new AsyncDisposableStack();
  before(async () => {
    server = resources.use(
      await startLocalserve((text) =>
        text
          .replace('  local:\n', '  local:\n    proxyProtocolFrom: [127.0.0.1]\n')
          .replace(/(inbox:[^]*?)http: \{ port: 0, /, '$1http: { port: 0, forwarded: { from: [127.0.0.1] }, '),
      ),
    );
    const httpPort = /^ *http +http:\/\/localhost:(\d+) [^]*^ *http +http:\/\/localhost:(\d+) /m.exec(server.log());
    const { imap, imaps, smtp } = server.ports;
    const behind = { smtp, imap, imaps, http: Number(httpPort?.[1]), pages: Number(httpPort?.[2]) };
    const ports = await Promise.all(Object.keys(behind).map(() => freePort()));
    proxied = Object.fromEntries(Object.keys(behind).map((name, i) => [name, ports[i] ?? 0]));
    const dir = resources.use(await tempDir());
    const file = join(dir.path, 'haproxy.cfg');
    await writeFile(
      file,
      [
        'defaults',
        '  timeout connect 5s',
        '  timeout client 30s',
        '  timeout server 30s',
        ...Object.entries(behind).flatMap(([name, port]) => [
          `listen ${name}`,
          `  bind 127.0.0.1:${proxied[name]}`,
          ...(name === 'pages'
            ? ['  mode http', '  option forwardfor', '  http-request set-header X-Forwarded-Proto https']
            : ['  mode tcp']),
          `  server godwit 127.0.0.1:${port}${methodOf(name)}`,
        ]),
        '',
      ].join('\n'),
    );
    const places = ports.map((port) => ({ host: '127.0.0.1', port }));
    resources.use(await startDaemon({ command: 'haproxy', args: ['-db', '-f', file], places }));
  });
  after(() => resources.disposeAsync());

  /** Version 2 for all but one service, which gets version 1. */
  function methodOf(name: string): string {
    if (name === 'pages') return '';
    return name === 'imap' ? ' send-proxy' : ' send-proxy-v2';
  }

  async function curl(...args: readonly string[]): Promise<string> {
    return (await succeed('curl', ['-sS', '-k', '--interface', client, ...args])).stdout;
  }

  async function logged(event: RegExp, from = 0): Promise<void> {
    await eventually(String(event), () => Promise.resolve(event.test(server.log().slice(from)) || null));
  }

  for (const [scheme, event] of [
    ['imap', /imap\.login.*remoteAddress=127\.0\.9\.9/],
    // TLS begins after the header.
    ['imaps', /imap\.login.*remoteAddress=127\.0\.9\.9/],
  ] as const)
    test(`${scheme}: the login is the client's`, async () => {
      const before = server.log().length;
      assert.match(await curl('--user', login, `${scheme}://127.0.0.1:${proxied[scheme]}/`), /INBOX/);
      await logged(event, before);
    });

  test('smtp: the client is in the trace of the message', async () => {
    const upload = ['--mail-from', 'a@example.org', '--mail-rcpt', account.address, '--upload-file', '-'];
    const input = 'Subject: through a proxy\r\n\r\ntext\r\n';
    await succeed(
      'curl',
      ['-sS', '--interface', client, `smtp://127.0.0.1:${proxied['smtp']}/far.example`, ...upload],
      {
        input,
      },
    );
    const message = await curl('--user', login, `imap://127.0.0.1:${proxied['imap']}/INBOX/;UID=1`);
    assert.match(message, /^Received: from far\.example \(\[127\.0\.9\.9\]/m);
  });

  test('http: a session of JMAP is asked for by the client', async () => {
    const text = await curl('--user', login, `http://127.0.0.1:${proxied['http']}/.well-known/jmap`);
    assert.match(text, /"username":"godwit@localhost"/);
    await logged(/http\.login.*remoteAddress=127\.0\.9\.9/);
  });

  test('http with forwarded fields: the scheme and the client are those of the fields', async () => {
    const before = server.log().length;
    const text = await curl('--user', login, `http://127.0.0.1:${proxied['pages']}/.well-known/jmap`);
    assert.match(text, /"apiUrl":"https:/);
    await logged(/http\.login.*remoteAddress=127\.0\.9\.9/, before);
  });

  test('a client that does not come through the proxy is refused when it has its address, and cannot pose as another', async () => {
    await assert.rejects(succeed('curl', ['-sS', '--user', login, `imap://127.0.0.1:${server.ports.imap}/`]));
    await logged(/net\.proxyRefused/);
    const posed = ['-sS', '--haproxy-protocol', '--interface', client, '--user', login];
    await assert.rejects(succeed('curl', [...posed, `imap://127.0.0.1:${server.ports.imap}/`]));
  });
});
