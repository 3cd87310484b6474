import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { run } from './program.ts';

/** What the program writes before it waits for anything, and its exit code. */
async function written(
  t: TestContext,
  args: readonly string[],
): Promise<{ readonly text: string; readonly code: number }> {
  let text = '';
  const writer = t.mock.method(process.stdout, 'write', (piece: string) => {
    text += piece;
    return true;
  });
  const ended = run(args);
  writer.mock.restore();
  return { code: await ended, text };
}

for (const [args, usage] of [
  ['help', 'godwit [options] [command]'],
  ['help queue', 'godwit queue [options] [command]'],
  ['help queue route', 'godwit queue route [options]'],
  ['queue help route', 'godwit queue route [options]'],
  ['help dns records', 'godwit dns records [options]'],
] as const)
  test(`run: ${args}`, async (t) => {
    const { text, code } = await written(t, args.split(' '));
    assert.ok(text.startsWith(`Usage: ${usage}`), text);
    assert.equal(code, 0);
  });
