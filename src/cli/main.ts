#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { threadPoolEnvironment } from '#host/process';

// Everything else is imported when it is known to be needed: a server should listen within a fraction of a second.
const wantedNode = 24;
if (Number(process.versions.node.split('.')[0]) < wantedNode) {
  console.error(`godwit needs Node ${wantedNode} or newer; this is ${process.version}.`);
  process.exitCode = 1;
} else {
  // The thread pool begins with the first asynchronous file access, so its size can still be chosen here.
  process.env['UV_THREADPOOL_SIZE'] ??= threadPoolEnvironment({})['UV_THREADPOOL_SIZE'];
  enableCompileCache(cacheFolder());
  const { run } = await import('./program.ts');
  process.exitCode = await run(process.argv.slice(2));
}

/** In the user's own folder: compiled code from a folder that others can write in would be theirs to choose. */
function cacheFolder(): string {
  const { LOCALAPPDATA: local, XDG_CACHE_HOME: xdg } = process.env;
  if (process.platform === 'win32' && local !== undefined) return join(local, 'godwit', 'cache');
  return join(xdg ?? join(homedir(), '.cache'), 'godwit');
}
