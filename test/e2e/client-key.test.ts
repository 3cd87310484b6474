import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { makeSelfSigned, type CertificatePem } from '#host/certificates';
import { tempDir } from '#testing/temp-dir';
import { godwit, startGodwit } from './program.ts';

test('godwit client-key: added without a server, logs in with EXTERNAL, listed, removed', async () => {
  await using dir = await tempDir();
  const folder = join(dir.path, 'local');
  assert.equal((await godwit(['localserve', '--dir', folder, '--ip', '127.0.0.1', '--init-only'])).code, 0);
  const config = join(folder, 'server.yaml');
  await writeFile(config, (await readFile(config, 'utf8')).replaceAll(/port: \d+/g, 'port: 0'));
  const pem = await makeSelfSigned({ names: ['laptop'], days: 1, now: Date.now() });
  const [certFile, keyFile] = [join(dir.path, 'laptop.pem'), join(dir.path, 'key.pem')];
  await writeFile(certFile, `${pem.keyPem}\n${pem.certPem}`);
  await writeFile(keyFile, pem.keyPem);
  const clientKey = (...args: string[]) => godwit(['client-key', ...args, '--dir', folder]);

  for (const [args, reason] of [
    [['godwit', join(dir.path, 'none.pem')], /none\.pem is not there$/m],
    [['godwit', keyFile], /key\.pem holds a private key: give the certificate/],
    [['godwit', config], /server\.yaml holds no certificate/],
    [['nobody', certFile], /^godwit: no account nobody$/m],
    [['godwit', certFile, '--login', 'x@example.org'], /x@example\.org is not a login of account godwit/],
  ] as const) {
    const { code, errors } = await clientKey('add', ...args);
    assert.equal(code, 1);
    assert.match(errors, reason);
  }
  const added = await clientKey('add', 'godwit', certFile, '--label', 'laptop');
  assert.equal(added.code, 0, added.errors);
  const fingerprint = /^Fingerprint: ([0-9a-f]{64})$/m.exec(added.output)?.[1] ?? '';

  await using server = await startGodwit(['localserve', '--dir', folder], /Stop with Ctrl-C/);
  const port = Number(/^ +submissions +\S+:(\d+) /m.exec(server.greeting)?.[1]);
  assert.match(await logInAt(port, pem), /^235 /);
  const again = await clientKey('add', 'godwit', certFile);
  assert.equal(again.code, 1);
  assert.match(again.errors, /is there already: it logs in to account godwit as godwit@localhost/);
  const shown = await clientKey('list');
  assert.match(shown.output, new RegExp(`^godwit +${fingerprint} +\\S+ \\S+ \\S+ +godwit@localhost +laptop$`, 'm'));
  const [item] = JSON.parse((await clientKey('list', 'godwit', '--json')).output) as { readonly fingerprint: string }[];
  assert.equal(item?.fingerprint, fingerprint);
  const removed = await clientKey('remove', fingerprint);
  assert.match(removed.output, /^The key laptop does not log in to account godwit any more/);
  assert.equal((await clientKey('list')).output, 'No client certificate logs in.\n');
  assert.match(await logInAt(port, pem), /^535 /);
});

/** The answer to `AUTH EXTERNAL` with a certificate. */
async function logInAt(port: number, { certPem, keyPem }: CertificatePem): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, cert: certPem, key: keyPem, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const lines = createInterface({ input: socket });
  socket.write('EHLO client.example\r\n');
  let answer = '';
  for await (const line of lines) {
    if (line.startsWith('250 ')) socket.write('AUTH EXTERNAL =\r\n');
    answer = line;
    if (/^[2-5]35 /.test(line)) break;
  }
  socket.destroy();
  return answer;
}
