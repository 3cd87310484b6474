import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { listen, socksDialer } from '#host/net';
import { Secret } from '#lib/secret';
import { FakeLog } from '#testing/fake-log';
import { tempDir } from '#testing/temp-dir';
import { freePort, startDaemon } from './daemon.ts';
import { describePeer, needsRoot } from './programs.ts';

const timeoutMs = 10_000;
const login = { user: 'bob', password: 'correct horse' };
/** SHA-512 by crypt(3), which is how dante finds passwords of the system's users. */
const hash = '$6$abcdefgh$yIZAF3gQPvtKZO/9qOJKffAKKbtS3ef3qmwyugk4uWVjX8YZf/GV3A8SkFxEPY0T56CcilGrHKLffBsp6dLMG.';

describePeer('dante takes us to our targets', needsRoot('danted', 'unshare'), () => {
  const given = (password: string) => ({ user: login.user, password: new Secret(password) });

  for (const [title, method, credentials, address, want] of [
    ['a name', 'none', undefined, 'localhost', null],
    ['an address', 'none', undefined, '127.0.0.1', null],
    ['a login that it does not want', 'none', given(login.password), 'localhost', null],
    ['user and password', 'username', given(login.password), 'localhost', null],
    ['a wrong password', 'username', given('battery'), 'localhost', /refuses user and password/],
    ['no login', 'username', undefined, 'localhost', /wants (?:a|another kind of) login/],
    ['a name that does not exist', 'none', undefined, 'nowhere.invalid', /SOCKS proxy 127\.0\.0\.1:\d+: /],
    ['an address that its rules block', 'none', undefined, '127.0.0.2', /rules do not allow/],
  ] as const) {
    test(title, async () => {
      await using proxy = await startDante(method);
      await using target = await listen({
        address: '127.0.0.1',
        port: 0,
        log: new FakeLog(),
        onConnection: async (channel) => {
          await channel.write(new TextEncoder().encode('220 ready\r\n'));
          await channel.read(timeoutMs);
        },
      });
      const place = { host: '127.0.0.1', port: proxy.port, ...(credentials !== undefined && { credentials }) };
      const dialing = socksDialer({ proxy: place }).dial({ address, port: target.port, timeoutMs });
      if (want !== null) {
        await assert.rejects(dialing, want, proxy.log());
        return;
      }
      const channel = await dialing;
      assert.equal(new TextDecoder().decode((await channel.read(timeoutMs)) ?? undefined), '220 ready\r\n');
      channel.destroy();
    });
  }

  test('a port where nobody listens', async () => {
    await using proxy = await startDante('none');
    const dialer = socksDialer({ proxy: { host: '127.0.0.1', port: proxy.port } });
    const dialing = dialer.dial({ address: '127.0.0.1', port: await freePort(), timeoutMs });
    await assert.rejects(dialing, /: connection refused$/);
  });
});

/** Starts Debian's dante, which may only go to 127.0.0.1; with `username` it knows the one login. */
async function startDante(method: 'none' | 'username') {
  await using undo = new AsyncDisposableStack();
  const dir = undo.use(await tempDir());
  await chmod(dir.path, 0o755);
  const file = (name: string): string => join(dir.path, name);
  const port = await freePort();
  await writeFile(
    file('danted.conf'),
    `logoutput: stderr
internal: 127.0.0.1 port = ${port}
external: 127.0.0.1
clientmethod: none
socksmethod: ${method}
user.privileged: root
user.unprivileged: nobody
client pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }
socks block { from: 0.0.0.0/0 to: 127.0.0.2/32 }
socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 protocol: tcp }
`,
  );
  await writeFile(
    file('passwd'),
    `root:x:0:0::/:/bin/false\nnobody:x:65534:65534::/:/bin/false\nbob:x:65003:65534::/:/bin/false\n`,
  );
  await writeFile(file('shadow'), `bob:${hash}:20000:0:99999:7:::\n`, { mode: 0o600 });
  const daemon = undo.use(
    await startDaemon({
      command: 'danted',
      args: ['-f', file('danted.conf'), '-p', file('pid')],
      places: [{ host: '127.0.0.1', port }],
      mounts: { '/etc/passwd': file('passwd'), '/etc/shadow': file('shadow') },
    }),
  );
  const running = undo.move();
  return { port, log: daemon.log, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
