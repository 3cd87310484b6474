import { z } from 'zod';
import { escapeControls } from '#lib/printable';

/** A command that cannot be done as asked; `message` is for people. */
export class OperationRefused extends Error {
  override readonly name = 'OperationRefused';
}

/** A text that must be given and not be empty. */
export function text(doc: string) {
  return z
    .string({ error: (issue) => (issue.input === undefined ? 'is missing' : 'must be a text') })
    .min(1, 'is missing')
    .describe(doc);
}

/** A name that people choose and type again: on one line, without control characters, direction marks and outer blanks, so that it is what it looks like. */
export function label(name: string, maxChars: number, doc: string) {
  return text(doc)
    .max(maxChars, `the ${name} is longer than ${maxChars} characters`)
    .refine((given) => escapeControls(given) === given && given.trim() === given, {
      error: 'must not have control characters, nor blanks at its ends',
    });
}

/** A text that may be left out, and may be empty. */
export function optionalText(doc: string) {
  return z.string('must be a text').describe(doc).optional();
}

/** A text that may be left out. Longer ones are refused with `the <name> is longer than <maxChars> characters`. */
export function shortText(name: string, maxChars: number, doc: string) {
  return z
    .string('must be a text')
    .max(maxChars, `the ${name} is longer than ${maxChars} characters`)
    .describe(doc)
    .optional();
}

/** A whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number, doc: string) {
  const wanted = `must be a whole number from ${min} to ${max}`;
  return z
    .int({ error: (issue) => (issue.input === undefined ? 'is missing' : wanted) })
    .min(min, wanted)
    .max(max, wanted)
    .describe(doc);
}

/** Yes or no, which may be left out. */
export function flag(doc: string) {
  return z.boolean('must be true or false').describe(doc).optional();
}

/** One of some words, such as `yes, no or default`. */
export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words, doc: string) {
  const wanted = `must be ${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;
  return z.enum(words, { error: (issue) => (issue.input === undefined ? 'is missing' : wanted) }).describe(doc);
}

/** A list that may be left out. `wanted` completes "must be a list of", and is the error of its entries as well. */
export function listOf<Entry extends z.ZodType>(wanted: string, entry: (error: string) => Entry, doc: string) {
  const error = `must be a list of ${wanted}`;
  return z.array(entry(error), error).readonly().describe(doc).optional();
}

/**
 * Checks the arguments of an operation.
 * @throws OperationRefused naming the first that is wrong, unknown ones before all others.
 */
export function parseArguments<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape, z.core.$strict>,
  given: unknown,
): z.output<z.ZodObject<Shape, z.core.$strict>> {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  throw new OperationRefused(problemOf(result.error.issues, Object.keys(schema.shape)));
}

function problemOf(issues: readonly z.core.$ZodIssue[], known: readonly string[]): string {
  const unknown = issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : []));
  if (unknown.length > 0) {
    const taken = known.length === 0 ? 'it takes none' : `it takes ${known.join(', ')}`;
    return `unknown argument ${unknown.join(', ')}; ${taken}`;
  }
  const [issue] = issues;
  const [name] = issue?.path ?? [];
  if (issue === undefined || name === undefined) return 'arguments must be an object';
  // What is too long is named by its own sentence.
  return issue.code === 'too_big' && issue.origin === 'string' ? issue.message : `${String(name)} ${issue.message}`;
}
