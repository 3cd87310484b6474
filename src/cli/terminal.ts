import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import { escapeControls, safeJson } from '#lib/printable';

/** Prints lines for people, or for the next program in a pipe; whatever of strangers is in them cannot drive the terminal. */
export function print(...lines: readonly string[]): void {
  process.stdout.write(`${escapeControls(lines.join('\n'), true)}\n`);
}

/** Prints a value as JSON. */
export function printJson(value: unknown): void {
  print(safeJson(value, 2));
}

/** Rows in columns; the last one is not padded. */
export function table(rows: readonly (readonly string[])[], indent = ''): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  return rows.map(
    (row) =>
      indent +
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
  );
}

/** Text from strangers on one line, without what could move the cursor or hide the rest. */
export function plain(text: string): string {
  return escapeControls(text.replaceAll(/\r?\n/g, ' '));
}

/** A time in UTC to the second, as people read it. */
function utcTime(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, '');
}

/** A time as the clock on the wall shows it, to the second, with its distance from UTC. */
export function localTime(ms: number): string {
  const offsetMinutes = -new Date(ms).getTimezoneOffset();
  const wall = utcTime(ms + offsetMinutes * 60_000);
  const [hours, minutes] = [Math.trunc(Math.abs(offsetMinutes) / 60), Math.abs(offsetMinutes) % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${wall} ${offsetMinutes < 0 ? '-' : '+'}${two(hours)}:${two(minutes)}`;
}

const maxLineChars = 10_000;

/** The first line of standard input. @throws Error when there is none. */
export async function readLine(): Promise<string> {
  let text = '';
  process.stdin.setEncoding('utf8');
  for await (const chunk of process.stdin as AsyncIterable<string>) {
    text += chunk;
    if (text.includes('\n') || text.length > maxLineChars) break;
  }
  const line = text.split(/\r?\n/, 1)[0] ?? '';
  if (line === '' || line.length > maxLineChars) throw new Error('standard input has no line with a password');
  return line;
}

/** Asks twice for a password without showing it. @throws Error when the two differ, or when there is no terminal. */
export async function askPassword(account: string): Promise<string> {
  if (!process.stdin.isTTY) throw new Error('there is no terminal to ask for the password: use --stdin');
  // Readline echoes what is typed to its output: this one swallows it.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  // It silences the terminal at once, so it comes before the question.
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  try {
    const first = await askHidden(lines, `New password for ${account}: `);
    if ((await askHidden(lines, 'Again: ')) === first) return first;
    throw new Error('the two passwords differ; nothing was changed');
  } finally {
    lines.close();
  }
}

async function askHidden(lines: Interface, question: string): Promise<string> {
  process.stderr.write(question);
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      lines.once('SIGINT', () => reject(new Error('cancelled')));
      lines.once('close', () => reject(new Error('cancelled')));
    });
  } finally {
    process.stderr.write('\n');
  }
}
