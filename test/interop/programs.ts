import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, test } from 'node:test';

const limitMs = 120_000;
/**
 * Where programs are looked for: servers are where only root looks, and Debian has but one mail server installed at a time, so that others
 * are only unpacked.
 */
export const searchPath = [
  process.env['PATH'] ?? '',
  '/usr/sbin',
  '/sbin',
  '/opt/mail-peers/usr/sbin',
  '/opt/mail-peers/usr/bin',
].join(delimiter);

/** Result of a foreign program. */
export interface Ended {
  /** Exit code; -1 when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Options of running a foreign program. */
export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Runs a foreign program to its end, or kills it after a minute. Never throws for its exit code. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: 'pipe',
      timeout: limitMs,
      killSignal: 'SIGKILL',
      ...(options.cwd !== undefined && { cwd: options.cwd }),
      env: { ...process.env, PATH: searchPath, LC_ALL: 'C.UTF-8', ...options.env },
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.once('error', reject);
    // A program that ends without reading its input is judged by its exit code.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    child.once('close', (code) => {
      resolve({ code: code ?? -1, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() });
    });
  });
}

/** Runs a foreign program that must succeed. @throws Error with all it said when it does not. */
export async function succeed(program: string, args: readonly string[], options?: RunOptions): Promise<Ended> {
  const ended = await run(program, args, options);
  if (ended.code === 0) return ended;
  throw new Error(`${program} ended with ${ended.code}\n${ended.stdout}\n${ended.stderr}`);
}

/** Options of a test that needs programs: skipped aloud where one is absent, but not in CI, where it then fails. */
export function needs(...programs: readonly string[]): { readonly skip: string | false } {
  const absent = programs.find((program) => !isInstalled(program));
  return { skip: absent === undefined || isCi() ? false : `skipped: ${absent} not installed` };
}

/** As `needs`, for tests that change the network of this machine's kernel. */
export function needsRoot(...programs: readonly string[]): { readonly skip: string | false } {
  if (process.getuid?.() !== 0 && !isCi()) return { skip: 'skipped: needs root' };
  return needs(...programs);
}

/** A suite of tests that need programs; where they are absent it counts as one skipped test that says why. */
export function describePeer(name: string, { skip }: { readonly skip: string | false }, suite: () => void): void {
  if (skip === false) describe(name, suite);
  else test(name, { skip });
}

function isCi(): boolean {
  return process.env['CI'] === 'true';
}

function isInstalled(program: string): boolean {
  return pathOf(program) !== null;
}

/** The path of a program. @throws Error when it is not installed. */
export function findProgram(program: string): string {
  const path = pathOf(program);
  if (path === null) throw new Error(`${program} is not installed`);
  return path;
}

function pathOf(program: string): string | null {
  const paths = searchPath.split(delimiter).map((folder) => join(folder, program));
  return paths.find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
