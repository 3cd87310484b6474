import { z } from 'zod';

const byteUnits: Readonly<Record<string, number>> = { '': 1, B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };
const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** What the reference calls such settings; JSON Schema has no word for them. */
const kindKey = 'x-kind';

/** A size such as `100MiB`, `64 KiB` or a plain number of bytes; gives bytes. */
export function bytes(doc: string, limits: { readonly min?: number; readonly max?: number } = {}) {
  return z
    .union([z.number().int().nonnegative(), z.string()])
    .transform((value, context) => unit(value, byteUnits, 'a size such as 100MiB', context, limits))
    .meta({ description: doc, [kindKey]: 'size' });
}

/** A time span such as `30s`, `5m`, `72h` or `14d`; gives milliseconds. */
export function duration(doc: string, limits: { readonly min?: number; readonly max?: number } = {}) {
  return z
    .string()
    .transform((value, context) => unit(value, durationUnits, 'a time span such as 30s, 5m or 72h', context, limits))
    .meta({ description: doc, [kindKey]: 'time span' });
}

function unit(
  value: string | number,
  units: Readonly<Record<string, number>>,
  wanted: string,
  context: z.RefinementCtx,
  { min = 0, max = Number.MAX_SAFE_INTEGER }: { readonly min?: number; readonly max?: number },
): number {
  const match = /^(\d{1,15}) ?([A-Za-z]*)$/.exec(String(value));
  const factor = match === null ? undefined : units[match[2] ?? ''];
  const amount = match === null || factor === undefined ? Number.NaN : Number(match[1]) * factor;
  if (Number.isSafeInteger(amount) && amount >= min && amount <= max) return amount;
  const message = Number.isSafeInteger(amount)
    ? `must be from ${written(min, units)} to ${written(max, units)}`
    : `must be ${wanted}`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}

/** An amount in the largest unit that fits. */
function written(amount: number, units: Readonly<Record<string, number>>): string {
  const fitting = Object.entries(units).filter(([, factor]) => factor <= amount && amount % factor === 0);
  const [name, factor] = fitting.at(-1) ?? ['', 1];
  return `${amount / factor}${name}`;
}
