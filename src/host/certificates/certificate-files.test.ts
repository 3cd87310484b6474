import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Files } from '#host/files';
import { tempDir } from '#testing/temp-dir';
import { CertificateRefused, loadCertificate, makeSelfSigned } from './index.ts';

const now = Date.UTC(2026, 10, 23);
const one = await makeSelfSigned({
  names: ['mail.example.org', 'localhost'],
  ips: ['127.0.0.1', '::1'],
  days: 90,
  now,
});
const other = await makeSelfSigned({ names: ['other.example'], days: 90, now });

test('loadCertificate gives names and end', async () => {
  await using dir = await tempDir();
  const paths = { certificateFile: join(dir.path, 'cert.pem'), keyFile: join(dir.path, 'key.pem') };
  await writeFile(paths.certificateFile, `${one.certPem}${other.certPem}`);
  await writeFile(paths.keyFile, one.keyPem);
  const { names, endsMs } = await loadCertificate(new Files(), paths);
  assert.deepEqual(names, ['mail.example.org', 'localhost', '127.0.0.1', '::1']);
  assert.equal(endsMs, now + 90 * 86_400_000);
});

for (const [title, certificate, key, blamed, reason] of [
  ['no certificate', null, one.keyPem, 'certificateFile', /^there is no file .*cert\.pem$/],
  ['no key', one.certPem, null, 'keyFile', /^there is no file .*key\.pem$/],
  [
    'the key of another',
    one.certPem,
    other.keyPem,
    null,
    /cert\.pem and the key in .*key\.pem do not work: they do not belong together$/,
  ],
  ['half a certificate', one.certPem.slice(0, 200), one.keyPem, null, /do not work: /],
  ['an empty file', '', one.keyPem, null, /do not work: /],
  ['no key in it', one.certPem, 'hi', null, /do not work: the key is not an unencrypted PEM key$/],
  ['a folder', 'folder', one.keyPem, 'certificateFile', /cannot be read: /],
] as const) {
  test(`loadCertificate refuses ${title}`, async () => {
    await using dir = await tempDir();
    const paths = { certificateFile: join(dir.path, 'cert.pem'), keyFile: join(dir.path, 'key.pem') };
    if (certificate === 'folder') paths.certificateFile = dir.path;
    else if (certificate !== null) await writeFile(paths.certificateFile, certificate);
    if (key !== null) await writeFile(paths.keyFile, key);
    await assert.rejects(loadCertificate(new Files(), paths), (error) => {
      assert.ok(error instanceof CertificateRefused, String(error));
      assert.equal(error.blamed, blamed);
      assert.match(error.message, reason);
      return error.fix !== '';
    });
  });
}
