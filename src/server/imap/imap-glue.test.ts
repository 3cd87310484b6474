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
