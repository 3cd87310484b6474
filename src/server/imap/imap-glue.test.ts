import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Files } from '#host/files';
import { Bye, No } from '#proto/imap-server';
import { Admission, Logins, type OpenLogin } from '#server/admission';
import { openServices, type Services } from '#server/assemble';
import { FakeLog } from '#testing/fake-log';
import { tempDir } from '#testing/temp-dir';
import { ImapGlue } from './imap-glue.ts';

const domains = `
domains: { example.org: {} }
accounts:
  ann: { addresses: [ann@example.org] }
  gone: { addresses: [gone@example.org], loginDisabled: on leave until May }
`;

const remoteAddress = '203.0.113.5';

interface World {
  readonly services: Services;
  readonly log: FakeLog;
  readonly admission: Admission;
  readonly glue: ImapGlue;
  /** Logins that were opened. */
  readonly opened: OpenLogin[];
}

async function inWorld(body: (world: World) => Promise<void>): Promise<void> {
  await using dir = await tempDir();
  const [folder, log] = [dir.path, new FakeLog()];
  await writeFile(join(folder, 'server.yaml'), 'hostname: mail.example.org\npostmaster: ann\nlisteners: {}\n');
  await writeFile(join(folder, 'domains.yaml'), domains);
  const onFatal = (error: Error): never => assert.fail(error);
  await using services = await openServices({ folder, files: new Files(), log, onFatal });
  await services.accounts.create('ann');
  const admission = new Admission({ clock: services.clock, trustedNetworks: [] });
  using logins = new Logins({ ...services, admission });
  const opened: OpenLogin[] = [];
  using glue = new ImapGlue({
    ...services,
    logins,
    log,
    credentials: services.checker,
    remoteAddress,
    appendLimitBytes: 1000,
    connection: () => ({ service: 'imap', local: '', remoteIp: remoteAddress, hello: null, tls: null, cid: 'cid' }),
    onOpen: (_account, login) => void opened.push(login),
  });
  await body({ services, log, admission, glue, opened });
}

const notPermitted = (error: unknown): boolean => error instanceof No && error.code === 'AUTHORIZATIONFAILED';

test('ImapGlue.open: a login that is refused counts and is logged as a failed one', () =>
  inWorld(async ({ services, log, admission, glue }) => {
    const password = await services.appPasswords.add('ann', { name: 'printer', scopes: ['send'], expiresMs: null });
    const printer = await services.checker.checkPassword('ann@example.org', password);
    assert.ok(printer !== null);
    for (let i = 0; i < 5; i += 1) {
      await glue.admitLogin('PLAIN');
      glue.noteFailedLogin({ mechanism: 'PLAIN', failure: 'credentials', login: 'ann', reason: 'wrong' });
    }
    for (let i = 0; i < 3; i += 1) {
      await glue.admitLogin('PLAIN');
      const disabled = glue.open({ account: 'gone', login: 'gone@example.org' });
      await assert.rejects(disabled, (error) => notPermitted(error) && /leave/.test(String(error)));
    }
    for (let i = 0; i < 2; i += 1) {
      await glue.admitLogin('PLAIN');
      await assert.rejects(glue.open(printer), notPermitted);
    }
    assert.equal(admission.mayLogIn(remoteAddress), false);
    await assert.rejects(glue.admitLogin('PLAIN'), Bye);
    const failures = log.events.filter(({ event }) => event === 'imap.loginFailed');
    assert.deepEqual(
      failures.map(({ fields }) => fields['failure']),
      [...Array<string>(5).fill('credentials'), ...Array<string>(3).fill('disabled'), 'authorization', 'authorization'],
    );
    assert.equal((await services.appPasswords.list('ann'))[0]?.lastUse, null);
  }));

test('ImapGlue.open: an app password gives what its scopes permit, its use is noted, and its removal ends the login', () =>
  inWorld(async ({ services, glue, opened }) => {
    for (const [scopes, isReadOnly] of [
      [['mail', 'send'], false],
      [['read-only'], true],
      [['read-only', 'mail'], false],
      [['send'], null],
      [[], null],
    ] as const) {
      const name = scopes.join(' ') || 'none';
      const password = await services.appPasswords.add('ann', { name, scopes, expiresMs: null });
      const identity = await services.checker.checkPassword('ann@example.org', password);
      assert.ok(identity !== null);
      await glue.admitLogin('PLAIN');
      if (isReadOnly === null) await assert.rejects(glue.open(identity), notPermitted);
      else {
        await using account = await glue.open(identity);
        assert.equal(account.isReadOnly, isReadOnly, name);
      }
    }
    // The note is a write of its own, before which any later one waits.
    await services.databases.server.write(async () => undefined);
    const [noted] = await services.appPasswords.list('ann');
    assert.deepEqual([noted?.lastUse?.protocol, noted?.lastUse?.address], ['imap', remoteAddress]);
    const [first, second] = opened;
    assert.ok(first !== undefined && second !== undefined);
    const ended = new Promise((resolve) => first.ended.addEventListener('abort', resolve));
    await services.appPasswords.remove('ann', 'mail send');
    await ended;
    assert.equal(second.ended.aborted, false);
  }));
