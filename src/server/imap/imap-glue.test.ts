import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Files } from '#host/files';
import { Bye, No } from '#proto/imap-server';
import { Admission } from '#server/admission';
import { openServices } from '#server/assemble';
import { FakeLog } from '#testing/fake-log';
import { tempDir } from '#testing/temp-dir';
import { ImapGlue } from './imap-glue.ts';

const domains = `
domains: { example.org: {} }
accounts:
  ann: { addresses: [ann@example.org] }
  gone: { addresses: [gone@example.org], loginDisabled: on leave until May }
`;

test('ImapGlue.noteLogin: a disabled login counts as a failed one', async () => {
  await using dir = await tempDir();
  const [folder, log] = [dir.path, new FakeLog()];
  await writeFile(join(folder, 'server.yaml'), 'hostname: mail.example.org\npostmaster: ann\nlisteners: {}\n');
  await writeFile(join(folder, 'domains.yaml'), domains);
  const onFatal = (error: Error): never => assert.fail(error);
  await using services = await openServices({ folder, files: new Files(), log, onFatal });
  const admission = new Admission({ clock: services.clock, trustedNetworks: [] });
  const remoteAddress = '203.0.113.5';
  const glue = new ImapGlue({
    ...services,
    admission,
    log,
    credentials: services.checker,
    remoteAddress,
    appendLimitBytes: 1000,
    connection: () => ({ service: 'imap', local: '', remoteIp: remoteAddress, hello: null, tls: null, cid: 'cid' }),
    onOpen: () => undefined,
  });
  const identity = (account: string) => ({ account, login: `${account}@example.org` });
  for (let i = 0; i < 5; i += 1) {
    await glue.admitLogin('PLAIN');
    const guess = { failure: 'credentials', login: 'ann', reason: 'wrong' } as const;
    glue.noteLogin({ kind: 'failure', mechanism: 'PLAIN', ...guess });
  }
  for (let i = 0; i < 5; i += 1) {
    await glue.admitLogin('PLAIN');
    glue.noteLogin({ kind: 'success', mechanism: 'PLAIN', identity: identity('gone') });
  }
  assert.equal(admission.mayLogIn(remoteAddress), false);
  assert.equal(log.ofLevel('warn').filter(({ fields }) => fields['failure'] === 'disabled').length, 5);
  await assert.rejects(glue.open(identity('gone')), (error) => error instanceof No && /leave/.test(error.message));
  await assert.rejects(glue.admitLogin('PLAIN'), Bye);
});

test('ImapGlue.open: an app password gives what its scopes permit, and its use is noted', async () => {
  await using dir = await tempDir();
  const [folder, log] = [dir.path, new FakeLog()];
  await writeFile(join(folder, 'server.yaml'), 'hostname: mail.example.org\npostmaster: ann\nlisteners: {}\n');
  await writeFile(join(folder, 'domains.yaml'), domains);
  const onFatal = (error: Error): never => assert.fail(error);
  await using services = await openServices({ folder, files: new Files(), log, onFatal });
  await services.accounts.create('ann');
  const remoteAddress = '203.0.113.5';
  const glue = new ImapGlue({
    ...services,
    admission: new Admission({ clock: services.clock, trustedNetworks: [] }),
    log,
    credentials: services.checker,
    remoteAddress,
    appendLimitBytes: 1000,
    connection: () => ({ service: 'imap', local: '', remoteIp: remoteAddress, hello: null, tls: null, cid: 'cid' }),
    onOpen: () => undefined,
  });
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
    const noPermission = (error: unknown) => error instanceof No && error.code === 'AUTHORIZATIONFAILED';
    if (isReadOnly === null) await assert.rejects(glue.open(identity), noPermission);
    else {
      await using account = await glue.open(identity);
      assert.equal(account.isReadOnly, isReadOnly, name);
    }
  }
  const [first] = await services.appPasswords.list('ann');
  assert.ok(first !== undefined);
  await glue.admitLogin('PLAIN');
  const identity = { account: 'ann', login: 'ann@example.org', appPassword: { id: first.id, scopes: first.scopes } };
  glue.noteLogin({ kind: 'success', mechanism: 'PLAIN', identity });
  // The note is a write of its own, before which any later one waits.
  await services.databases.server.write(async () => undefined);
  const [noted] = await services.appPasswords.list('ann');
  assert.deepEqual([noted?.lastUse?.protocol, noted?.lastUse?.address], ['imap', remoteAddress]);
});
