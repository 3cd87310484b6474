import { createInterface } from 'node:readline/promises';
import { escapeControls } from '#lib/printable';

/** Option of commands that cannot be undone. */
export interface ConfirmOptions {
  readonly yes?: boolean;
}

/** Asks a question. @returns the answer; null where there is no terminal to ask at. */
type Ask = (question: string) => Promise<string | null>;

/**
 * Makes sure that what cannot be undone is wanted: `--yes` says so, or the answer at a terminal.
 * @param what  Sentence about what will happen.
 * @throws Error when it is not wanted, or without a terminal and without `--yes`; nothing was changed then.
 */
export async function confirm(what: string, { yes }: ConfirmOptions, ask: Ask = askAtTerminal): Promise<void> {
  if (yes === true) return;
  const answer = await ask(`${escapeControls(what)} This cannot be undone. Type yes to go on: `);
  if (answer === null) throw new Error(`${what} This cannot be undone: add --yes if you want it; nothing was changed`);
  if (answer.trim().toLowerCase() !== 'yes') throw new Error('nothing was changed');
}

async function askAtTerminal(question: string): Promise<string | null> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return null;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    return await Promise.race([lines.question(question), ended]);
  } finally {
    lines.close();
  }
}

/** `1 message`, `1,234 messages`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}
