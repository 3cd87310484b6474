import { execFile } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

/** The oldest version that runs our TypeScript. */
const firstGood = 24;

/** Finds a Node that is too old for us, as the distributions have: in PATH, or among the versions that CI tools keep. @returns its path, null when there is none. */
export async function oldNode(): Promise<string | null> {
  const kept = '/opt/hostedtoolcache/node';
  const versions = await readdir(kept).catch(() => []);
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    '/usr/bin',
    ...versions.map((version) => join(kept, version, 'x64', 'bin')),
  ];
  for (const folder of new Set(folders)) {
    const program = join(folder, 'node');
    const facts = await stat(program).catch(() => null);
    if (facts?.isFile() !== true) continue;
    const { stdout } = await promisify(execFile)(program, ['--version']).catch(() => ({ stdout: '' }));
    const major = Number(/^v(\d+)\./.exec(stdout)?.[1] ?? firstGood);
    if (major < firstGood) return program;
  }
  return null;
}
