#!/usr/bin/env node
// Plain JavaScript on purpose: an older Node can still say what is missing, and the compiler that strips types from TypeScript, with its
// 17 MB, is not loaded when all the rest comes from the compile cache.
import module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { canRunGodwit, runWithOwnNode, whyNoNode } from './own-node.mjs';

if (!canRunGodwit()) {
  process.exitCode = (await runWithOwnNode(process.argv.slice(1))) ?? (await withoutNode(await whyNoNode()));
} else {
  try {
    module.enableCompileCache(cacheFolder());
  } catch {
    // A user without a home starts more slowly.
  }
  // Old versions cannot even link it.
  const { useFastResolve } = await import('./fast-resolve.mjs');
  useFastResolve();
  await import('./main.ts');
}

/** Prints why no Node can run us. Programs that call `sendmail` do not come again, so their message is kept. @returns the exit code. */
async function withoutNode(reason) {
  const [, program = '', ...args] = process.argv;
  const isCalledSendmail = /(?:^|[\\/])sendmail(?:\.[a-z]+)?$/i.test(program);
  if (!isCalledSendmail && args[0] !== 'sendmail') {
    console.error(`${reason}.`);
    return 1;
  }
  const asked = isCalledSendmail ? args : args.slice(1);
  const EX_CANTCREAT = 73;
  const EX_TEMPFAIL = 75;
  if (asked.some((arg) => /^(?:--flush|--help|-q.*|-b[^m].*)$/.test(arg))) {
    console.error(`sendmail: ${reason}`);
    return EX_TEMPFAIL;
  }
  try {
    const { keepRaw } = await import('./sendmail/keep-raw.mjs');
    const folder = keepRaw(asked, reason);
    console.error(`sendmail: ${reason}`);
    console.error(`sendmail: the message is kept in ${folder}; 'godwit sendmail --flush' tries again`);
    return EX_TEMPFAIL;
  } catch (error) {
    console.error(`sendmail: ${reason}; the message could not be kept and is LOST: ${error.message}`);
    return EX_CANTCREAT;
  }
}

/** In the user's own folder: compiled code from a folder that others can write in would be theirs to choose. */
function cacheFolder() {
  const { LOCALAPPDATA: local, XDG_CACHE_HOME: xdg } = process.env;
  if (process.platform === 'win32' && local !== undefined) return join(local, 'godwit', 'cache');
  return join(xdg ?? join(homedir(), '.cache'), 'godwit');
}
