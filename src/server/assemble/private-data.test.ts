import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Files } from '#host/files';
import { FakeLog } from '#testing/fake-log';
import { tempDir } from '#testing/temp-dir';
import { openServices } from './services.ts';

const skip = process.platform === 'win32' && 'Windows has no modes';

test('openServices: a data directory that others may read is made private', { skip }, async () => {
  await using dir = await tempDir();
  const [folder, log] = [dir.path, new FakeLog()];
  const data = join(folder, 'data');
  mkdirSync(data);
  chmodSync(data, 0o755);
  await writeFile(
    join(folder, 'server.yaml'),
    'hostname: mail.example.org\npostmaster: ann\nlisteners: {}\ndataDirectory: data\n',
  );
  await writeFile(
    join(folder, 'domains.yaml'),
    'domains: { example.org: {} }\naccounts: { ann: { addresses: [ann@example.org] } }\n',
  );
  for (const warnings of [1, 0]) {
    log.events.length = 0;
    await using _services = await openServices({
      folder,
      files: new Files(),
      log,
      onFatal: (error) => assert.fail(error),
    });
    assert.equal(statSync(data).mode & 0o777, 0o700);
    assert.equal(log.events.filter(({ event }) => event === 'data.madePrivate').length, warnings);
  }
});

test('openServices: a data directory of another program is refused, and its rights stay', { skip }, async () => {
  await using dir = await tempDir();
  const folder = dir.path;
  const data = join(folder, 'srv');
  mkdirSync(join(data, 'www'), { recursive: true });
  chmodSync(data, 0o755);
  await writeFile(
    join(folder, 'server.yaml'),
    'hostname: mail.example.org\npostmaster: ann\nlisteners: {}\ndataDirectory: srv\n',
  );
  await writeFile(
    join(folder, 'domains.yaml'),
    'domains: { example.org: {} }\naccounts: { ann: { addresses: [ann@example.org] } }\n',
  );
  const opening = openServices({
    folder,
    files: new Files(),
    log: new FakeLog(),
    onFatal: (error) => assert.fail(error),
  });
  await assert.rejects(opening, /server\.yaml:4:\d+: dataDirectory: .*srv has other files in it, such as www/);
  assert.equal(statSync(data).mode & 0o777, 0o755);
});
