import type { ErrorCode, YAMLError } from 'yaml';
import type { Wording } from './wording.ts';

type Word = (message: string, here: string) => Wording;

const quoteIt = 'Put the whole text in quotes';
const alignIt = 'Indent what belongs together alike';
const keepOne = 'Keep one of them';

/** Explains an error of the YAML parser to people who do not know YAML. */
export function yamlProblem({ code, message, pos }: YAMLError, text: string): Wording {
  return words[code](message, text.slice(pos[0], pos[0] + 60));
}

const fixed =
  (reason: string, fix: string): Word =>
  () => ({ reason, fix });

const notAName = fixed(
  'this is not "name: value"',
  'Check for a missing colon, or a missing space after one; put values with ": " in quotes; indent what belongs together alike',
);
const noKind = fixed(
  'a word that begins with ! has no meaning here',
  `Remove the word, or put the text in quotes when it begins with !`,
);

const words: Readonly<Record<ErrorCode, Word>> = {
  ALIAS_PROPS: fixed('a value cannot begin with & or ! before *', quoteIt),
  BAD_ALIAS: fixed('a name is missing after & or *', quoteIt),
  BAD_COLLECTION_TYPE: noKind,
  BAD_DIRECTIVE: fixed('a line that begins with % has no meaning here', 'Remove the line'),
  BAD_DQ_ESCAPE: (message) => ({
    reason: `${/\\[^\n]{0,8}/.exec(message)?.[0] ?? 'a backslash'} has no meaning in double quotes`,
    fix: 'Write \\\\ for a backslash, or use single quotes',
  }),
  BAD_INDENT: (message) =>
    /flow/i.test(message) ? notClosed : { reason: 'this line is indented unlike its neighbours', fix: alignIt },
  BAD_PROP_ORDER: fixed('a word that begins with & or ! stands before - or :', 'Put it after them, or remove it'),
  BAD_SCALAR_START: (_message, here) => ({
    reason: `a value cannot begin with ${here.slice(0, 1)}`,
    fix: quoteIt,
  }),
  BLOCK_AS_IMPLICIT_KEY: notAName,
  BLOCK_IN_FLOW: fixed(
    'a block stands inside brackets',
    'Write everything inside [ ] and { } with commas, on lines that are indented',
  ),
  DUPLICATE_KEY: (_message, here) => ({ reason: `${firstWord(here)} is there twice`, fix: keepOne }),
  IMPOSSIBLE: fixed('this cannot be understood', `Put texts in quotes. ${alignIt}`),
  KEY_OVER_1024_CHARS: fixed('a name of more than 1,024 characters', 'Check for a missing quote or colon before it'),
  MISSING_CHAR: (message) => missing(message),
  MULTILINE_IMPLICIT_KEY: notAName,
  MULTIPLE_ANCHORS: fixed('two words that begin with & for one value', keepOne),
  MULTIPLE_DOCS: fixed('a second document begins here', 'Remove the line ---'),
  MULTIPLE_TAGS: fixed('two words that begin with ! for one value', keepOne),
  NON_STRING_KEY: fixed('the name of a setting must be a text', quoteIt),
  RESOURCE_EXHAUSTION: fixed('too many brackets inside one another', 'Remove brackets that are not needed'),
  TAB_AS_INDENT: fixed('a tab at the beginning of a line', 'Indent with spaces'),
  TAG_RESOLVE_FAILED: noKind,
  UNEXPECTED_TOKEN: (message, here) =>
    message.includes('header includes extra')
      ? { reason: 'text directly after | or >', fix: 'Begin the text on the next line, indented' }
      : { reason: `${firstCharacter(here)} does not belong here`, fix: `Remove it, or ${lowerFirst(quoteIt)}` },
};

const notClosed: Wording = {
  reason: 'a bracket that was opened before is not closed',
  fix: 'Add the missing ] or }',
};

/** Explains what is missing, from the text of the parser's message, which has no code. */
function missing(message: string): Wording {
  for (const [words, reason, fix] of [
    ['Missing closing', 'a quote is not closed', 'Add the missing quote'],
    ['map values', 'a name without a value', 'Write it as "name: value"'],
    ['Comments must', 'a # directly after a value', 'Put a space before the #, or the whole text in quotes'],
    ['Tags and anchors', 'a space is missing after a word that begins with & or !', quoteIt],
    ['Missing space after :', 'a space is missing after the colon', 'Put one there'],
    ['Missing ,', 'a comma is missing between two entries in brackets', 'Put one there'],
    ['without - indicator', 'an entry of a list does not begin with "- "', 'Begin it with "- "'],
    ['directives-end marker', 'settings begin on the line ---', 'Begin them on the next line'],
    ['directives-end', 'a line that begins with % has no meaning here', 'Remove the line'],
  ] as const) {
    if (message.includes(words)) return { reason, fix };
  }
  return /must (?:be .* and )?end with a/.test(message)
    ? notClosed
    : { reason: 'something is missing here', fix: `${quoteIt}. ${alignIt}` };
}

function firstWord(text: string): string {
  return /^[^\s:]+/.exec(text)?.[0] ?? 'a name';
}

function firstCharacter(text: string): string {
  const [character = ''] = text;
  return /\S/.test(character) ? character : 'what stands here';
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
