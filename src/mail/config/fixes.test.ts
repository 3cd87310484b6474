import assert from 'node:assert/strict';
import { test } from 'node:test';
import { array, assert as assertProperty, constantFrom, nat, property, record } from 'fast-check';
import type { ErrorCode } from 'yaml';
import {
  ConfigError,
  decodeConfigFile,
  exampleDomains,
  exampleSendmail,
  exampleServer,
  formatProblem,
  parseConfigFiles,
  parseSendmailConfig,
  type ConfigProblem,
} from './index.ts';
import { yamlProblem } from './yaml-wording.ts';

const server = exampleServer({ hostname: 'mail.example.org', postmaster: 'alice' }).replaceAll(
  /^# ?(?=transports|routes| {2})/gm,
  '',
);
const domains = exampleDomains({ domain: 'example.org', account: 'alice', address: 'alice@example.org' });
const sendmail = exampleSendmail({ host: 'mail.example.org', address: 'you@example.org' });

/** Problems of a refusal, none for what is accepted. */
function problemsOf(parse: () => unknown): readonly ConfigProblem[] {
  try {
    parse();
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems;
  }
}

const parseServer = (text: string) =>
  parseConfigFiles({ file: 'server.yaml', text }, { file: 'domains.yaml', text: domains });
const parseDomains = (text: string) =>
  parseConfigFiles({ file: 'server.yaml', text: server }, { file: 'domains.yaml', text });
const parseSendmail = (text: string) => parseSendmailConfig({ file: 's.yaml', text }, {});

/** Words of the YAML parser and of the schema library, which an author of a configuration should not need to know. */
const jargon =
  /\b(?:scalar|flow|implicit|mapping|collection|anchors?|alias nodes?|nodes?|tokens? at|tag:|indicator|seq|invalid input|invalid key|too small|too big|received|NaN|undefined|null)\b/i;

function assertHelpful({ place, reason, fix }: ConfigProblem, text: string): void {
  const line = formatProblem({ place, reason, fix });
  assert.doesNotMatch(line, /\n|: {2}/, line);
  assert.match(fix, /^(?:[A-Z][a-z]+ |'godwit )/, line);
  assert.doesNotMatch(`${reason}. ${fix}`, /\.$|\.\. /, line);
  // The file's own words may be anything.
  assert.doesNotMatch(reason.replaceAll(/[*\\]\S+/g, '').replace(/^\S+ is there twice/, ''), jargon, line);
  if (place.kind === 'variable') return;
  const lines = text.split('\n');
  assert.ok(place.line >= 1 && place.line <= lines.length, line);
  assert.ok(place.column >= 1 && place.column <= (lines[place.line - 1] ?? '').length + 1, line);
}

/** YAML that the parser refuses for each of its reasons; those that it never gives with our options, or as warnings only, have none. */
const malformed: Readonly<Record<ErrorCode, readonly string[]>> = {
  ALIAS_PROPS: ['a: &x 1\nb: &y *x\n'],
  BAD_ALIAS: ['a: & x\n', 'a: *\n'],
  BAD_COLLECTION_TYPE: [],
  BAD_DIRECTIVE: ['%YAML 1.1 2.0\n---\na: 1\n'],
  BAD_DQ_ESCAPE: ['a: "\\q"\n', 'a: "C:\\Users"\n', 'a: "\\uZZZZ"\n'],
  BAD_INDENT: ['a:\n    b: 1\n  c: 2\n', 'a: [1\n', 'a:\n  - 1\n - 2\n', 'a: |\n    \n  x\n'],
  BAD_PROP_ORDER: ['a: 1\n&x - b\n', '&x\n- a\n- b\n&y ? c\n'],
  BAD_SCALAR_START: ['a: @x\n', 'a: `x`\n', 'a: %x\n'],
  BLOCK_AS_IMPLICIT_KEY: ['a: b: c\n', 'a: - b: c\n'],
  BLOCK_IN_FLOW: ['a: [\n- b\n]\n', 'a: { b: - c }\n', 'a: [ b: |\n  x\n]\n'],
  DUPLICATE_KEY: ['a: 1\na: 2\n', 'a: { b: 1, b: 2 }\n'],
  IMPOSSIBLE: [],
  KEY_OVER_1024_CHARS: [`${'a'.repeat(1100)}: 1\n`, `x: [${'a'.repeat(1100)}: 1]\n`],
  MISSING_CHAR: [
    'a: "x\n',
    "a: 'x\n",
    'a: 1\nb\n',
    'a: [x]#y\n',
    'a: &x"y"\n',
    'a: {"b":1"c":2}\n',
    'a: [b c: d e, "f" "g"]\n',
    'a: {b:c "d"}\n',
    'a:\n  - b\n  c\n',
    '--- a: 1\n',
    '%YAML 1.2\na: 1\n',
    'a: {b: 1\n',
    '{a: 1',
  ],
  MULTILINE_IMPLICIT_KEY: ['a\nb: 1\n', 'a: ["b\nc": 1]\n'],
  MULTIPLE_ANCHORS: ['a: &x &y 1\n'],
  MULTIPLE_DOCS: ['a: 1\n---\nb: 2\n'],
  MULTIPLE_TAGS: ['a: !!str !!str 1\n'],
  NON_STRING_KEY: [],
  RESOURCE_EXHAUSTION: [`a: ${'['.repeat(200_000)}`],
  TAB_AS_INDENT: ['a:\n\tb: 1\n'],
  TAG_RESOLVE_FAILED: ['a: !<x 1\n', 'a: !x!y 1\n'],
  UNEXPECTED_TOKEN: ['a: [,]\n', 'a: {,}\n', 'a: b]\n]\n', 'a: |x y\n  z\n', 'a: [b]]\n', 'a: }\n'],
};

for (const [code, texts] of Object.entries(malformed)) {
  for (const text of texts) {
    test(`parseConfigFiles explains ${code}: ${JSON.stringify(text.slice(0, 40))}`, () => {
      const problems = problemsOf(() => parseServer(text));
      assert.ok(problems.length > 0);
      for (const problem of problems) assertHelpful(problem, text);
    });
  }
  test(`yamlProblem has words for ${code} whatever the parser says`, () => {
    for (const message of ['', 'something that a later version says']) {
      const error = { name: 'YAMLParseError', code: code as ErrorCode, message, pos: [0, 1] } as const;
      assertHelpful({ place: { kind: 'variable', name: 'X' }, ...yamlProblem({ ...error, pos: [0, 1] }, '?') }, '?');
    }
  });
}

test('parseConfigFiles explains references that grow without end, and those to themselves', () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]'];
  for (const name of 'bcdefg')
    bomb.push(
      `${name}: &${name} [${Array(9)
        .fill(`*${String.fromCharCode(name.charCodeAt(0) - 1)}`)
        .join(', ')}]`,
    );
  for (const text of [bomb.join('\n'), 'a: &a [*a]\n']) {
    const problems = problemsOf(() => parseServer(text));
    assert.ok(problems.length > 0);
    for (const problem of problems) assertHelpful(problem, text);
  }
});

/** Values of every kind, wrong for nearly every setting. */
const values = [
  '',
  '~',
  '-1',
  '1.5',
  '99999999999',
  '.nan',
  'x',
  "''",
  '"\\n"',
  'true',
  '[]',
  '[[]]',
  '[~]',
  '{}',
  '{ "": x }',
  '{ A B: { } }',
  '2026-01-01',
  '!x y',
  '"é x"',
  `'${'x'.repeat(2000)}'`,
  `[${'5m, '.repeat(60)}5m]`,
];

for (const [file, text, parse] of [
  [
    'server.yaml',
    `${server}\nlog: { level: info, format: text }\nqueue: { retryAfter: [5m], maxAge: 2d, concurrency: 5 }\ndns: { servers: [192.0.2.1], blockLists: [bl.example.org] }\nlimits: { trustedNetworks: [192.0.2.0/24], maxConnections: 100 }\ndisk: { warnBelow: 1GiB, reserve: 8MiB }\nuser: godwit\npedantic: false\n`,
    parseServer,
  ],
  [
    'domains.yaml',
    `domains:\n  example.org:\n    description: x\n    localpartSeparators: ['+']\n    aliases: { all: { addresses: [alice@example.org] } }\n    dkim: { selectors: { a: { keyFile: x, headers: [From], expiration: 30d } }, sign: [a] }\n    routes: [{ toDomain: [example.net], minimumAttempts: 1, transport: direct }]\naccounts:\n  alice:\n    addresses: [alice@example.org]\n    loginDisabled: x\n    quota: 1GiB\n    suppressions: manual\n`,
    parseDomains,
  ],
  ['godwit-sendmail.yaml', sendmail, parseSendmail],
] as const) {
  test(`each wrong value of each setting of ${file} has a fix`, () => {
    assert.deepEqual(problemsOf(() => parse(text)).map(formatProblem), []);
    const lines = text.split('\n');
    let refusals = 0;
    for (const [i, line] of lines.entries()) {
      for (const colon of line.matchAll(/(?<=[A-Za-z.]):(?= |$)/g)) {
        for (const value of values) {
          const rest = line.slice(colon.index + 1);
          // In brackets only the value itself is replaced.
          const after = /[[{]/.test(line.slice(0, colon.index)) ? rest.replace(/^ (?:\[[^\]]*\]|[^,}\]]+)/, '') : '';
          const changed = lines.with(i, `${line.slice(0, colon.index)}: ${value}${after}`).join('\n');
          const problems = problemsOf(() => parse(changed));
          refusals += problems.length;
          for (const problem of problems) assertHelpful(problem, changed);
        }
      }
    }
    assert.ok(refusals > 90, `${refusals}`);
  });

  test(`whatever is typed into ${file}, each refusal has a fix`, () => {
    const junk = constantFrom(
      '',
      ' ',
      '\t',
      '\n',
      ':',
      ': ',
      '-',
      '- ',
      '*',
      '&',
      '!',
      '%',
      '@',
      '`',
      '"',
      "'",
      '[',
      ']',
      '{',
      '}',
      ',',
      '#',
      '|',
      '>',
      '?',
      '---',
      '\\',
      'é',
      'x',
    );
    const edit = record({ at: nat(text.length), removed: nat(3), added: junk });
    assertProperty(
      property(array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        let changed: string = text;
        for (const { at, removed, added } of edits)
          changed = changed.slice(0, at) + added + changed.slice(at + removed);
        for (const problem of problemsOf(() => parse(changed))) assertHelpful(problem, changed);
      }),
      { numRuns: 600, seed: 7 },
    );
  });
}

for (const [bytes, want] of [
  ['hostname: a\r\nx: \xfc\n', 's.yaml:2:4: not UTF-8 text: byte 0xFC. Save the file as UTF-8'],
  ['\xff\xfeh\0', 's.yaml:1:1: not UTF-8 text: byte 0xFF. Save the file as UTF-8'],
  ['\xef\xbb\xbfab\x80', 's.yaml:1:3: not UTF-8 text: byte 0x80. Save the file as UTF-8'],
  ['\xef\xbf\xbd\xc3\xbc\xf0\x9f\x98\x80\xef\xbf', 's.yaml:1:5: not UTF-8 text: byte 0xEF. Save the file as UTF-8'],
  ['a\n\n\xed\xa0\x80', 's.yaml:3:1: not UTF-8 text: byte 0xED. Save the file as UTF-8'],
] as const) {
  test(`decodeConfigFile ${JSON.stringify(bytes)}`, () => {
    const refused = problemsOf(() => decodeConfigFile('s.yaml', Buffer.from(bytes, 'latin1')));
    assert.deepEqual(refused.map(formatProblem), [want]);
  });
}

test('decodeConfigFile takes text without its byte order mark', () => {
  assert.deepEqual(decodeConfigFile('s.yaml', Buffer.from('\ufeffhost: bücher.example')), {
    file: 's.yaml',
    text: 'host: bücher.example',
  });
});
