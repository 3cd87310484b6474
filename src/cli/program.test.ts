import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { allOperations } from '#server/operations';
import { program, run } from './program.ts';

/** Output of the program before it waits for anything, and its exit code. */
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

/** Names of all commands that do something, such as `queue hold-rule add`. */
function commandNames({ commands }: ReturnType<typeof program>, before = ''): string[] {
  return commands.flatMap((command) => {
    const name = `${before}${command.name()}`;
    return command.commands.length === 0 ? [name] : commandNames(command, `${name} `);
  });
}

test('program: each operation has its command, or says why it has none', () => {
  const names = new Set(commandNames(program(async () => undefined)));
  for (const { name, command } of allOperations)
    if (typeof command === 'string') assert.ok(names.has(command), `${name}: there is no command ${command}`);
});
