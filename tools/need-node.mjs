// Runs a script of ours with a Node that can run TypeScript, or says clearly what is missing.
// Plain JavaScript on purpose: the Node that starts it may be old. `npm ci` brings Node 26 as node_modules/.bin/node, and npm scripts find it first.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const wanted = 24;
const [script, ...args] = process.argv.slice(2);
const major = Number(process.versions.node.split('.')[0]);
if (major >= wanted) {
  process.argv.splice(1, 2, script);
  const { pathToFileURL } = await import('node:url');
  const { resolve } = await import('node:path');
  process.argv[1] = resolve(script);
  await import(pathToFileURL(process.argv[1]).href);
} else {
  const local = fileURLToPath(
    new URL(`../node_modules/.bin/node${process.platform === 'win32' ? '.cmd' : ''}`, import.meta.url),
  );
  if (!existsSync(local)) {
    console.error(
      `godwit needs Node ${wanted} or newer; this is ${process.version}, and node_modules has none: run 'npm ci' first.`,
    );
    process.exit(1);
  }
  const { status } = spawnSync(local, [script, ...args], { stdio: 'inherit', shell: process.platform === 'win32' });
  process.exit(status ?? 1);
}
