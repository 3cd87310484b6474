import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Files } from '#host/files';
import { parseConfigFiles } from '#mail/config';
import { tempDir } from '#testing/temp-dir';
import { renewCertificate, setUpLocalserve } from './index.ts';

const files = new Files();
const nowMs = Date.UTC(2026, 10, 23);
const addresses = ['127.0.0.1', '192.0.2.7'];

test('setUpLocalserve writes a configuration that is right, once', async () => {
  await using dir = await tempDir();
  const folder = join(dir.path, 'new', 'godwit-localserve');
  assert.equal(await setUpLocalserve({ files, folder, addresses, nowMs }), true);
  assert.deepEqual((await readdir(folder)).toSorted(), [
    'adminpassword',
    'domains.schema.json',
    'domains.yaml',
    'localhost.crt',
    'localhost.key',
    'server.schema.json',
    'server.yaml',
  ]);
  const [server, domains] = await Promise.all(
    ['server.yaml', 'domains.yaml'].map(async (file) => ({ file, text: await readFile(join(folder, file), 'utf8') })),
  );
  assert.ok(server !== undefined && domains !== undefined);
  const config = parseConfigFiles(server, domains);
  assert.deepEqual(config.server.listeners['local']?.addresses, addresses);
  const certificate = new X509Certificate(await readFile(join(folder, 'localhost.crt')));
  for (const ip of ['127.0.0.1', '::1', '192.0.2.7']) assert.equal(certificate.checkIP(ip), ip);
  assert.equal(certificate.checkHost('localhost'), 'localhost');
  assert.equal(await setUpLocalserve({ files, folder, addresses, nowMs }), false);
});

test('setUpLocalserve: a file in place of the folder is named', async () => {
  await using dir = await tempDir();
  const folder = join(dir.path, 'file');
  await writeFile(folder, '');
  await assert.rejects(setUpLocalserve({ files, folder, addresses, nowMs }), {
    message: `${folder} is not a folder: name a new or empty folder with --dir`,
  });
});

test('setUpLocalserve goes on after an interrupted first start, and leaves folders of others alone', async () => {
  await using dir = await tempDir();
  await setUpLocalserve({ files, folder: dir.path, addresses, nowMs });
  await rm(join(dir.path, 'server.yaml'));
  assert.equal(await setUpLocalserve({ files, folder: dir.path, addresses, nowMs }), true);
  await rm(join(dir.path, 'server.yaml'));
  await writeFile(join(dir.path, 'thesis.tex'), '');
  await assert.rejects(setUpLocalserve({ files, folder: dir.path, addresses, nowMs }), /thesis\.tex/);
});

test('renewCertificate makes a new one for the same addresses when ours expired', async () => {
  await using dir = await tempDir();
  await setUpLocalserve({ files, folder: dir.path, addresses, nowMs });
  const read = async (): Promise<X509Certificate> =>
    new X509Certificate(await readFile(join(dir.path, 'localhost.crt')));
  const first = await read();
  assert.equal(await renewCertificate({ files, folder: dir.path, nowMs }), false);
  const laterMs = nowMs + 5 * 365 * 86_400_000;
  assert.equal(await renewCertificate({ files, folder: dir.path, nowMs: laterMs }), true);
  const second = await read();
  assert.notEqual(second.serialNumber, first.serialNumber);
  assert.ok(Date.parse(second.validTo) > laterMs);
  assert.equal(second.checkIP('192.0.2.7'), '192.0.2.7');
});
