import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Configuration } from '#server/configuration';

/** Edits `domains.yaml` as an operator does, and puts it in force. */
export async function editDomainsFile(configuration: Configuration, edit: (text: string) => string): Promise<void> {
  const path = join(configuration.folder, 'domains.yaml');
  await writeFile(path, edit(await readFile(path, 'utf8')));
  assert.deepEqual(await configuration.reload(), []);
}
