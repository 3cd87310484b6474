import type { YAMLError } from 'yaml';
import { z } from 'zod';
import { nearestSetting } from './nearest-setting.ts';

/** What is wrong, and what to do about it. */
interface Wording {
  readonly reason: string;
  readonly fix: string | null;
}

const quotes = 'Put the whole text in quotes';

/** An error of the YAML parser in words for people who write configurations, not YAML. */
export function yamlProblem({ code, message, pos }: YAMLError, text: string): Wording {
  switch (code) {
    case 'TAB_AS_INDENT':
      return { reason: 'a tab at the beginning of a line', fix: 'Indent with spaces' };
    case 'DUPLICATE_KEY':
      return { reason: `${wordAt(text, pos[0])} is there twice`, fix: 'Keep one of them' };
    case 'MULTIPLE_DOCS':
      return { reason: 'a second document begins here', fix: 'Remove the line ---' };
    case 'MULTILINE_IMPLICIT_KEY':
    case 'BLOCK_AS_IMPLICIT_KEY':
      return {
        reason: 'this is not "name: value"',
        fix: 'Check for a missing colon or blank after a name; put values with ": " in quotes; indent what belongs together alike',
      };
    case 'BAD_SCALAR_START':
      return { reason: `a value cannot begin with ${text.slice(pos[0], pos[0] + 1)}`, fix: quotes };
    case 'BAD_INDENT':
      return /flow/i.test(message)
        ? { reason: 'a bracket that was opened before is not closed', fix: 'Add the missing ] or }' }
        : { reason: 'this line is indented unlike its neighbours', fix: 'Indent what belongs together alike' };
    case 'MISSING_CHAR':
      if (message.includes('Missing closing')) return { reason: 'a quote is not closed', fix: 'Add the missing quote' };
      if (message.includes('map values')) return { reason: 'a name without a value', fix: 'Write it as "name: value"' };
      return { reason: lowerFirst(message), fix: null };
    default:
      return { reason: lowerFirst(message), fix: null };
  }
}

/** A problem at a path of the document. */
interface SchemaProblem {
  readonly path: readonly (string | number)[];
  readonly reason: string;
  readonly fix?: string;
}

const describes = "'godwit config describe' lists the settings";

/** An issue of unknown keys has the keys that are known there for its message, with a blank between: only here the block is at hand. */
export const nameKnownKeys: z.core.$ZodErrorMap = (issue) =>
  issue.code === 'unrecognized_keys' && issue.inst instanceof z.ZodObject
    ? Object.keys(issue.inst.shape).join(' ')
    : undefined;

/** What a schema found with `nameKnownKeys`, in words for people. */
export function schemaProblem(issue: z.core.$ZodIssue): SchemaProblem[] {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => {
        const nearest = nearestSetting(key, issue.message.split(' '));
        const fix =
          nearest === null
            ? `${describes}; check the spelling and the indentation`
            : `Did you mean ${nearest}? ${describes}`;
        return { path: [...path, key], reason: 'unknown setting', fix };
      });
    case 'invalid_type':
      if (issue.input === undefined && issue.message.includes('undefined'))
        return [{ path, reason: 'is missing', fix: `Add it: ${wantedKind(issue.expected)}` }];
      if (issue.message.includes('null'))
        return [{ path, reason: `has no value; it must be ${wantedKind(issue.expected)}` }];
      return [{ path, reason: `must be ${wantedKind(issue.expected)}`, ...example(issue.expected, path.at(-1)) }];
    case 'invalid_value':
      return [
        { path, reason: 'not one of the values possible here', fix: `Write ${listed(issue.values.map(String))}` },
      ];
    case 'too_small':
      if (issue.origin === 'number' || issue.origin === 'int')
        return [{ path, reason: `must be at least ${issue.minimum}` }];
      return [{ path, reason: issue.origin === 'array' ? 'must have at least one entry' : 'must not be empty' }];
    case 'too_big':
      if (issue.origin === 'number' || issue.origin === 'int')
        return [{ path, reason: `must be at most ${issue.maximum}` }];
      return [{ path, reason: `must have at most ${issue.maximum} characters` }];
    case 'invalid_union':
      if ('options' in issue && Array.isArray(issue.options)) {
        const fix = `Write ${listed(issue.options.map(String))}`;
        return [{ path, reason: 'not one of the kinds possible here', fix }];
      }
      return [{ path, reason: 'must be a number or a text' }];
    case 'invalid_key':
      return issue.issues.map((inner) => ({ path, reason: `a name ${lowerFirst(inner.message)}` }));
    default:
      return [{ path, reason: lowerFirst(issue.message) }];
  }
}

/** How a list is written, which is not known to everybody who knows texts and numbers. */
function example(expected: string, setting: string | number | undefined): { readonly fix?: string } {
  if (expected !== 'array' || typeof setting !== 'string') return {};
  return { fix: `Write it as ${setting}: [first, second], or each entry on a line of its own after "- "` };
}

function wantedKind(expected: string): string {
  const words: Readonly<Record<string, string>> = {
    object: 'a block of settings',
    record: 'a block of named entries',
    array: 'a list',
    string: 'a text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
  };
  return words[expected] ?? expected;
}

/** `a, b or c`. */
function listed(values: readonly string[]): string {
  return values.join(', ').replace(/, ([^,]*)$/, ' or $1');
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function wordAt(text: string, offset: number): string {
  return /^[^\s:]{1,60}/.exec(text.slice(offset, offset + 60))?.[0] ?? 'a name';
}
