import { seededNumbers } from '#testing/seeded-random';
import { mutate, type Material } from './mutate.ts';

/** Something that takes hostile bytes. */
export interface Target extends Material {
  readonly name: string;
  /** Throws when an invariant does not hold. `random` cuts the input into chunks, and chooses what else is to be chosen. */
  run(input: Uint8Array, random: () => number): Promise<void>;
}

/** An input that broke an invariant, made as small as its shrinking could. */
export interface Failure {
  /** Gives the same input again as `--seed`, as the first one. */
  readonly seed: number;
  readonly input: Uint8Array;
  readonly error: unknown;
}

/** Extent of a run. */
export interface FuzzOptions {
  readonly seed: number;
  /** Asked before each input: how many there were. */
  readonly goesOn: (runs: number) => boolean;
}

/** Processor time that one input may take. Linear work stays far below; quadratic work on long inputs does not. */
const baseCpuMs = 1500;
const cpuMsPerKiB = 10;

/** Feeds mutated seeds to a target until one breaks it. Input number n of seed s is the first of seed s + n. */
export async function fuzz(target: Target, { seed, goesOn }: FuzzOptions): Promise<Failure | null> {
  for (const [i, input] of target.seeds.entries()) {
    const error = await attempt(target, input, seed + i);
    if (error !== null) return { seed: seed + i, input: await shrunk(target, input, seed + i), error };
  }
  for (let run = 0; goesOn(run); run += 1) {
    const input = mutate(target, seededNumbers((seed + run) * 7919));
    const error = await attempt(target, input, seed + run);
    if (error !== null) return { seed: seed + run, input: await shrunk(target, input, seed + run), error };
  }
  return null;
}

/** Runs one input. @returns what it threw, null when all is well. */
export async function attempt(target: Target, input: Uint8Array, seed: number): Promise<unknown> {
  const before = process.cpuUsage();
  try {
    await target.run(input, seededNumbers(seed));
  } catch (error) {
    return error ?? new Error('it threw nothing');
  }
  const { user } = process.cpuUsage(before);
  const limitMs = baseCpuMs + (cpuMsPerKiB * input.length) / 1024;
  return user / 1000 > limitMs ? new Error(`${user / 1000} ms for ${input.length} bytes`) : null;
}

/** Leaves pieces out as long as it still fails, larger ones first. */
async function shrunk(target: Target, input: Uint8Array, seed: number): Promise<Uint8Array> {
  let best = input;
  let tries = 0;
  for (let size = best.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < best.length && tries < 600;) {
      tries += 1;
      const shorter = Uint8Array.from([...best.subarray(0, at), ...best.subarray(at + size)]);
      if ((await attempt(target, shorter, seed)) === null) at += size;
      else best = shorter;
    }
  }
  return best;
}

/** Bytes as a string literal that a test can use with latin1. */
export function escaped(bytes: Uint8Array): string {
  let text = "'";
  for (const byte of bytes) {
    const short = { 9: '\\t', 10: '\\n', 13: '\\r', 39: "\\'", 92: '\\\\' }[byte];
    if (short !== undefined) text += short;
    else if (byte >= 32 && byte < 127) text += String.fromCharCode(byte);
    else text += `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return `${text}'`;
}

/** Throws with a reason when a claim does not hold. */
export function must(claim: boolean, reason: string | (() => string)): asserts claim {
  if (!claim) throw new Error(typeof reason === 'string' ? reason : reason());
}
