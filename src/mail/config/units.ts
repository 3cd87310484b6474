import { z } from 'zod';
import type { Brand } from '#lib/ids';
import { wording } from './wording.ts';

const byteUnits: Readonly<Record<string, number>> = { '': 1, B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };
const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A size of the configuration, in bytes. */
export type ByteCount = Brand<number, 'ByteCount'>;
/** A time span of the configuration, in milliseconds. */
export type Milliseconds = Brand<number, 'Milliseconds'>;

/** Schema key with the name of such values in the reference; JSON Schema has none. Every number of the configuration has one. */
const kindKey = 'x-kind';

const sizeUnits = 'Unit: KiB, MiB or GiB; bytes without one.';
/** Sentence about the units of a duration, for the description of a list of them. */
export const durationUnitNames = 'Unit: s, m, h or d.';

const notASize = wording('must be a size such as 100MiB', 'Write a number with KiB, MiB or GiB, or a number of bytes');
const notATimeSpan = wording('must be a time span such as 30s, 5m or 72h', 'Write a whole number with s, m, h or d');

/** Schema of a size such as `100MiB`, `64 KiB` or a plain number of bytes; the value is in bytes. */
export function bytes(doc: string, limits: { readonly min?: number; readonly max?: number } = {}) {
  return z
    .union([z.number().int().nonnegative(), z.string()], { error: notASize })
    .transform((value, context) => unit(value, byteUnits, notASize, context, limits) as ByteCount)
    .meta({ description: `${doc} ${sizeUnits}`, [kindKey]: 'size' });
}

/** Schema of a duration such as `30s`, `5m`, `72h` or `14d`; the value is in milliseconds. */
export function duration(doc: string, limits: { readonly min?: number; readonly max?: number } = {}) {
  return z
    .string({ error: notATimeSpan })
    .transform((value, context) => unit(value, durationUnits, notATimeSpan, context, limits) as Milliseconds)
    .meta({ description: `${doc} ${durationUnitNames}`, [kindKey]: 'time span' });
}

/** Schema of a plain count; `of` names what is counted, in the plural, and `doc` names it too. */
export function count(of: string, doc: string, limits: { readonly min: number; readonly max?: number }) {
  return integer(`number of ${of}`, doc, limits);
}

/** Schema of a TCP port; 0, where it is allowed, lets the system choose. */
export function tcpPort(doc: string, { min = 1 }: { readonly min?: 0 | 1 } = {}) {
  return integer('port', doc, { min, max: 65_535 });
}

/** Schema of an SMTP reply code that refuses. */
export function refusalCode(doc: string) {
  return integer('reply code', doc, { min: 400, max: 599 });
}

function integer(
  kind: string,
  doc: string,
  { min, max = Number.MAX_SAFE_INTEGER }: { readonly min: number; readonly max?: number },
) {
  return z
    .number()
    .int()
    .min(min)
    .max(max)
    .meta({ description: doc, [kindKey]: kind });
}

/** Writes a duration in the largest unit that fits, such as `15m`: what `duration` reads. */
export function writeDuration(ms: number): string {
  return written(ms, durationUnits);
}

function unit(
  value: string | number,
  units: Readonly<Record<string, number>>,
  unreadable: string,
  context: z.RefinementCtx,
  { min = 0, max = Number.MAX_SAFE_INTEGER }: { readonly min?: number; readonly max?: number },
): number {
  const match = /^(\d{1,15}) ?([A-Za-z]*)$/.exec(String(value));
  const factor = match === null ? undefined : units[match[2] ?? ''];
  const amount = match === null || factor === undefined ? Number.NaN : Number(match[1]) * factor;
  if (Number.isSafeInteger(amount) && amount >= min && amount <= max) return amount;
  context.addIssue({
    code: 'custom',
    message: Number.isSafeInteger(amount)
      ? outOfRange(amount < min, written(min, units), written(max, units))
      : unreadable,
  });
  return z.NEVER;
}

function outOfRange(isTooSmall: boolean, min: string, max: string): string {
  return wording(`must be from ${min} to ${max}`, isTooSmall ? `Write ${min} or more` : `Write ${max} or less`);
}

/** Writes an amount in the largest unit that fits. */
function written(amount: number, units: Readonly<Record<string, number>>): string {
  const fitting = Object.entries(units).filter(([, factor]) => factor <= amount && amount % factor === 0);
  const [name, factor] = fitting.at(-1) ?? ['', 1];
  return `${amount / factor}${name}`;
}
