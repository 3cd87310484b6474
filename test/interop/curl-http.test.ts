import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { httpAddress } from './http-address.ts';
import { describePeer, needs, succeed } from './programs.ts';
import { account, startLocalserve, type ServerUnderTest } from './server-under-test.ts';

describePeer('curl speaks HTTP with us', needs('curl'), () => {
  let server: ServerUnderTest;
  before(async () => {
    server = await startLocalserve();
  });
  after(() => server[Symbol.asyncDispose]());

  for (const [scheme, option, version] of [
    ['http', '--http1.1', '1.1'],
    // An upgrade to h2c is not taken.
    ['http', '--http2', '1.1'],
    ['https', '--http1.1', '1.1'],
    ['https', '--http2', '2'],
  ] as const) {
    test(`${scheme} ${option}: the session of JMAP, and a call`, async () => {
      const session = await curl(scheme, '/.well-known/jmap', [option]);
      assert.deepEqual([session.status, session.version], ['200', version]);
      assert.match(session.text, /"username":"godwit@localhost"/);
      const body = JSON.stringify({
        using: ['urn:ietf:params:jmap:core'],
        methodCalls: [['Core/echo', { pad: 'x'.repeat(100_000) }, 'c']],
      });
      const echo = await curl(
        scheme,
        '/jmap/api',
        [option, '-H', 'Content-Type: application/json', '--data', '@-'],
        body,
      );
      assert.deepEqual([echo.status, echo.version], ['200', version]);
      assert.match(echo.text, /"Core\/echo",\{"pad":"x{100000}"\}/);
    });
  }

  interface Answer {
    readonly status: string;
    readonly version: string;
    readonly text: string;
  }

  async function curl(
    scheme: 'http' | 'https',
    path: string,
    options: readonly string[],
    input?: string,
  ): Promise<Answer> {
    const url = `${httpAddress(server, scheme)}${path}`;
    const login = ['--user', `${account.address}:${account.password}`];
    const args = ['-sS', '-k', ...login, '-w', '\n%{http_code} %{http_version}', ...options, '--url', url];
    const { stdout } = await succeed('curl', args, input === undefined ? {} : { input });
    const [, text = '', status = '', version = ''] = /^([^]*)\n(\d+) (\S+)$/.exec(stdout) ?? [];
    return { status, version, text };
  }
});
