#!/usr/bin/env node
// Plain JavaScript on purpose: an older Node can still say what is missing, and the compiler that strips types from TypeScript, with its
// 17 MB, is not loaded when all the rest comes from the compile cache.
import module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { useFastResolve } from './fast-resolve.mjs';

const wantedNode = 24;
if (Number(process.versions.node.split('.')[0]) < wantedNode) {
  console.error(`godwit needs Node ${wantedNode} or newer; this is ${process.version}.`);
  process.exitCode = 1;
} else {
  try {
    module.enableCompileCache(cacheFolder());
  } catch {
    // A user without a home starts more slowly.
  }
  useFastResolve();
  await import('./main.ts');
}

/** In the user's own folder: compiled code from a folder that others can write in would be theirs to choose. */
function cacheFolder() {
  const { LOCALAPPDATA: local, XDG_CACHE_HOME: xdg } = process.env;
  if (process.platform === 'win32' && local !== undefined) return join(local, 'godwit', 'cache');
  return join(xdg ?? join(homedir(), '.cache'), 'godwit');
}
