#!/usr/bin/env node
import { enableCompileCache, getCompileCacheDir } from 'node:module';
import { join } from 'node:path';
import { threadPoolEnvironment } from '#host/process';

// Normally main.mjs has done this; started without it, the compiler that strips types has been loaded for this file already.
if (getCompileCacheDir() === undefined && process.env['HOME'] !== undefined) {
  enableCompileCache(join(process.env['HOME'], '.cache', 'godwit'));
}
// The pool begins with the first asynchronous file access, and importing reads files synchronously.
Object.assign(process.env, threadPoolEnvironment(process.env));
// Everything else is imported when it is known to be needed: a server should listen within a fraction of a second.
const [, program = '', ...args] = process.argv;
const isCalledSendmail = /(?:^|[\\/])sendmail(?:\.[a-z]+)?$/i.test(program);
if (isCalledSendmail || args[0] === 'sendmail') {
  const { sendmail } = await import('./commands/sendmail.ts');
  process.exitCode = await sendmail(isCalledSendmail ? args : args.slice(1));
} else {
  const { run } = await import('./program.ts');
  process.exitCode = await run(args);
}
