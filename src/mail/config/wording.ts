import { z } from 'zod';
import { nearestSetting } from './nearest-setting.ts';

/** A mistake in words for people: the reason, and a fix that begins with a verb. Neither ends with a full stop. */
export interface Wording {
  readonly reason: string;
  readonly fix: string;
}

/** Separates reason and fix in the message of a schema, which is a single text. */
const separator = '\n';

/** Makes the message of a schema from reason and fix; `schemaProblem` splits it again. */
export function wording(reason: string, fix: string): string {
  return reason + separator + fix;
}

/** A problem at a path of the document. */
type SchemaProblem = Wording & { readonly path: readonly (string | number)[] };

const describes = "'godwit config describe' lists the settings";

/** Makes the known keys, separated by blanks, the message of an issue of unknown keys: only here is the block known. */
export const nameKnownKeys: z.core.$ZodErrorMap = (issue) =>
  issue.code === 'unrecognized_keys' && issue.inst instanceof z.ZodObject
    ? Object.keys(issue.inst.shape).join(' ')
    : undefined;

/** Explains an issue that a schema found with `nameKnownKeys`. */
export function schemaProblem(issue: z.core.$ZodIssue): SchemaProblem[] {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], ...unknownName(key, issue.message.split(' ')) }));
    case 'invalid_type':
      return [{ path, ...wrongKind(issue, path.at(-1)) }];
    case 'invalid_value':
      return [
        { path, reason: 'not one of the values possible here', fix: `Write ${listed(issue.values.map(String))}` },
      ];
    case 'too_small':
      return [{ path, ...tooSmall(issue) }];
    case 'too_big':
      return [{ path, ...tooBig(issue) }];
    case 'invalid_union':
      if ('options' in issue && Array.isArray(issue.options)) {
        const fix = `Write ${listed(issue.options.map(String))}`;
        return [{ path, reason: 'not one of the kinds possible here', fix }];
      }
      return [{ path, ...inMessage(issue.message) }];
    case 'invalid_key':
      return issue.issues.flatMap((inner) =>
        schemaProblem(inner).map(({ reason, fix }) => ({ path, reason: `a name ${reason}`, fix })),
      );
    default:
      return [{ path, ...inMessage(issue.message) }];
  }
}

/** Describes a name that is not a setting here. */
function unknownName(name: string, known: readonly string[]): Wording {
  const nearest = nearestSetting(name, known);
  const fix =
    nearest === null ? `${describes}; check the spelling and the indentation` : `Did you mean ${nearest}? ${describes}`;
  return { reason: 'unknown setting', fix };
}

/** Splits a message that `wording` made. */
function inMessage(message: string): Wording {
  const [reason = '', fix = describes] = message.split(separator);
  return { reason: lowerFirst(reason), fix };
}

type Issue<Code extends z.core.$ZodIssue['code']> = Extract<z.core.$ZodIssue, { readonly code: Code }>;

function wrongKind({ expected, message }: Issue<'invalid_type'>, setting: string | number | undefined): Wording {
  const { noun, fix } = kinds[expected] ?? { noun: expected, fix: describes };
  const how = typeof setting === 'string' ? fix.replaceAll('NAME', setting) : fix.replaceAll('NAME: ', '');
  if (message.includes('undefined')) return { reason: 'is missing', fix: `Add it: ${noun}` };
  if (message.includes('null'))
    return { reason: `has no value; it must be ${noun}`, fix: `${how}, or remove the line` };
  return { reason: `must be ${noun}`, fix: how };
}

/** Name and form of each kind of value; NAME stands for the setting. */
const kinds: Readonly<Record<string, { readonly noun: string; readonly fix: string }>> = {
  object: { noun: 'a block of settings', fix: 'Write each setting as "name: value" on a line of its own' },
  record: {
    noun: 'a block of named entries',
    fix: 'Write each entry as "name:" on a line of its own, its settings indented below it',
  },
  array: { noun: 'a list', fix: 'Write it as NAME: [first, second], or each entry on a line of its own after "- "' },
  string: {
    noun: 'a text',
    fix: 'Write it after the colon, in quotes when it looks like a number, true, false or null',
  },
  number: { noun: 'a number', fix: 'Write digits without quotes or a unit' },
  int: { noun: 'a whole number', fix: 'Write digits without a fraction' },
  boolean: { noun: 'true or false', fix: 'Write true or false without quotes' },
};

function tooSmall({ origin, minimum }: Issue<'too_small'>): Wording {
  switch (origin) {
    case 'array':
      return { reason: 'must have at least one entry', fix: 'Add one, or remove the setting' };
    case 'string':
      if (Number(minimum) > 1)
        return { reason: `must have at least ${minimum} characters`, fix: 'Write the whole text' };
      return { reason: 'must not be empty', fix: 'Write a text, or remove the setting' };
    default:
      return { reason: `must be at least ${minimum}`, fix: `Write ${minimum} or more` };
  }
}

function tooBig({ origin, maximum }: Issue<'too_big'>): Wording {
  switch (origin) {
    case 'array':
      return { reason: `must have at most ${maximum} entries`, fix: 'Remove some' };
    case 'string':
      return { reason: `must have at most ${maximum} character${maximum === 1 ? '' : 's'}`, fix: 'Shorten it' };
    default:
      return { reason: `must be at most ${maximum}`, fix: `Write ${maximum} or less` };
  }
}

/** Joins as `a, b or c`. */
function listed(values: readonly string[]): string {
  return values.join(', ').replace(/, ([^,]*)$/, ' or $1');
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
