#!/usr/bin/env node
// Plain JavaScript on purpose: an older Node can still say what is missing, and the compiler that strips types from TypeScript, with its
// 17 MB, is not loaded when all the rest comes from the compile cache.
import module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

const wantedNode = 24;
if (Number(process.versions.node.split('.')[0]) < wantedNode) {
  console.error(`godwit needs Node ${wantedNode} or newer; this is ${process.version}.`);
  process.exitCode = 1;
} else {
  module.enableCompileCache(cacheFolder());
  // Everything else is imported when it is known to be needed: a server should listen within a fraction of a second.
  const { threadPoolEnvironment } = await import('#host/process');
  // The pool begins with the first asynchronous file access, and importing reads files synchronously.
  Object.assign(process.env, threadPoolEnvironment(process.env));
  const { run } = await import('./program.ts');
  process.exitCode = await run(process.argv.slice(2));
}

/** In the user's own folder: compiled code from a folder that others can write in would be theirs to choose. */
function cacheFolder() {
  const { LOCALAPPDATA: local, XDG_CACHE_HOME: xdg } = process.env;
  if (process.platform === 'win32' && local !== undefined) return join(local, 'godwit', 'cache');
  return join(xdg ?? join(homedir(), '.cache'), 'godwit');
}
