// Runs a script of ours with a Node that can run TypeScript, or says clearly what is missing.
// Plain JavaScript on purpose: the Node that starts it may be old. `npm ci` brings Node 26 as node_modules/.bin/node, and npm scripts find it first.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const wanted = 24;
const [script, ...args] = process.argv.slice(2);
if (Number(process.versions.node.split('.')[0]) >= wanted) {
  process.argv.splice(1, 2, resolve(script));
  await import(pathToFileURL(process.argv[1]).href);
} else {
  const { ownNode, whatOwnNodeLacks } = await import('../src/cli/own-node.mjs');
  const local = ownNode();
  const refuse = (has) => {
    console.error(`godwit needs Node ${wanted} or newer; this is ${process.version}, and ${has}.`);
    process.exit(1);
  };
  if (!existsSync(local)) refuse("node_modules has none: run 'npm ci' first");
  const lack = whatOwnNodeLacks();
  if (lack !== null) refuse(lack);
  const child = spawn(local, [script, ...args], { stdio: 'inherit' });
  // A terminal interrupts both of us: the child decides when it has finished, and we wait for it.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (status) => process.exit(status ?? 1));
}
