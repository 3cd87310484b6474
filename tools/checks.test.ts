import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkAmbient } from './check-ambient.ts';
import { checkColumns, columnsOf } from './check-columns.ts';
import { checkDocs } from './check-docs.ts';
import { checkDoors } from './check-doors.ts';
import { checkLayers } from './check-layers.ts';
import { checkLeftovers } from './check-leftovers.ts';
import { citationsOf, sectionsOf } from './check-rfc.ts';
import { checkPaths } from './check-paths.ts';
import { checkSizes } from './check-sizes.ts';
import { checkTables } from './check-tables.ts';
import { checkUnused } from './check-unused.ts';
import { importCircles } from './import-circles.ts';
import { importsOf } from './imports.ts';
import { checkProtocols, protocolsDocument } from './protocols.ts';

const file = (path: string, text: string): { path: string; text: string } => ({ path, text });

test('importsOf finds static, type, dynamic and re-exported imports', () => {
  const text = `import a from 'a';\nimport type { B } from '#lib/b';\nexport { c } from './c.ts';\nawait import('d');\nimport {\n  e,\n} from 'e';\n`;
  assert.deepEqual(importsOf(text), ['a', '#lib/b', './c.ts', 'd', 'e']);
});

for (const [path, specifier, reason] of [
  ['src/lib/mime/a.ts', '#mail/queue', /lib may not import mail/],
  ['src/proto/smtp-server/a.ts', '#mail/queue', /proto may not import mail/],
  ['src/mail/queue/a.ts', '#proto/smtp-client', /mail may not import proto/],
  ['src/lib/mime/a.ts', 'node:crypto', /may not use node:crypto/],
  ['src/mail/queue/a.ts', 'node:fs', /may not use node:fs/],
  ['src/lib/mime/a.ts', '../smtp/codec.ts', /leaves its folder/],
  ['src/lib/mime/a.ts', './b.js', /name the .ts file/],
  ['src/lib/mime/a.ts', 'left-pad', /without a home/],
  ['src/mail/queue/a.ts', 'zod', /belongs behind/],
  ['src/mail/messages/a.ts', '#lib/imap', /may not use the formats of imap/],
] as const) {
  test(`checkLayers refuses '${specifier}' in ${path}`, () => {
    const violations = checkLayers([file(path, `import { x } from '${specifier}';\n`)]);
    assert.equal(violations.length, 1);
    assert.match(violations[0] ?? '', reason);
  });
}

test('checkLayers accepts what points down, and finds cycles between folders', () => {
  assert.deepEqual(checkLayers([file('src/mail/queue/a.ts', `import { x } from '#lib/dsn';\n`)]), []);
  const cycle = [
    file('src/lib/a/index.ts', `import { x } from '#lib/b';\n`),
    file('src/lib/b/index.ts', `import { x } from '#lib/a';\n`),
  ];
  assert.deepEqual(checkLayers(cycle), ['cycle between folders: lib/a → lib/b → lib/a']);
});

test('checkDoors finds exports that only tests use, once they are more than their share', () => {
  const files = [
    file('src/lib/a/index.ts', `export { one, two } from './a.ts';\n`),
    file('src/lib/b/b.ts', `import { one } from '#lib/a';\n`),
    file('src/testing/b.ts', `import { two } from '#lib/a';\n`),
    file('test/b.ts', `import { two } from '#lib/a';\n`),
  ];
  assert.deepEqual(checkDoors(files, 0.5), []);
  assert.deepEqual(checkDoors(files).length, 2);
  assert.match(checkDoors(files)[1] ?? '', /^src\/lib\/a\/index\.ts: .* two$/);
});

test('importCircles finds files that lead back to themselves, types included', () => {
  const files = [
    file('src/lib/a/index.ts', `export { a } from './a.ts';\n`),
    file('src/lib/a/a.ts', `import type { B } from './b.ts';\n`),
    file('src/lib/a/b.ts', `import { c } from './c.ts';\n`),
    file('src/lib/a/c.ts', `import { a } from './a.ts';\nimport { x } from 'node:fs';\n`),
  ];
  assert.deepEqual(importCircles(files), [['src/lib/a/a.ts', 'src/lib/a/b.ts', 'src/lib/a/c.ts']]);
  assert.deepEqual(importCircles(files.slice(0, 3)), []);
});

test('checkSizes reports long files and long functions', () => {
  const long = file('src/lib/a/long.ts', 'const x = 1;\n'.repeat(601));
  assert.match(checkSizes([long])[0] ?? '', /602 lines/);
  const body = `export function f(): void {\n${'  g();\n'.repeat(95)}}\n`;
  assert.match(checkSizes([file('src/lib/a/f.ts', body)])[0] ?? '', /f has 97 lines/);
});

test('checkDocs reports exports without docstring and doors without a map', () => {
  const violations = checkDocs([file('src/lib/a/index.ts', 'export const a = 1;\n')]);
  assert.equal(violations.length, 2);
  assert.deepEqual(checkDocs([file('src/lib/a/a.ts', '/** One. */\nexport const a = 1;\n')]), []);
});

test('checkPaths reports paths, names of files and links that lead nowhere', () => {
  const paths = ['README.md', 'docs/a.md', 'src/lib/mime/index.ts', 'src/cli/program-dns.ts'];
  const good =
    '`src/lib/mime/`, `src/cli/program-*.ts`, `mime/index.ts`, `index.ts`, `node:fs`, [a](a.md#top), [b](../README.md), [c](https://a.example/b)';
  assert.deepEqual(checkPaths([file('docs/a.md', good)], paths), []);
  const bad = 'One:\n`src/lib/mine/`, `src/cli/command-*.ts`, `lib/index.ts`, `door.ts` and [b](README.md)';
  assert.deepEqual(checkPaths([file('docs/a.md', bad)], paths), [
    'docs/a.md:2: there is no src/lib/mine/',
    'docs/a.md:2: there is no src/cli/command-*.ts',
    'docs/a.md:2: there is no lib/index.ts',
    'docs/a.md:2: there is no door.ts',
    'docs/a.md:2: there is no README.md',
  ]);
});

test('citationsOf reads several sections, and sectionsOf the headings of an RFC', () => {
  const { length } = citationsOf(file('a.ts', '// RFC 5321 §4.1, §4.2.3 and RFC 2045\n'));
  assert.equal(length, 3);
  const sections = sectionsOf('4.5.3.1.8.  Recipients Buffer\n\nAppendix A.  Examples\n   A.1. First\n2   Title\n');
  assert.deepEqual([...sections], ['4.5.3.1.8', 'A', 'A.1', '2']);
});

test('checkUnused reports files, exports and dependencies that nothing needs', () => {
  const files = [
    file('src/lib/a/index.ts', `/** Map. */\nexport { shut, used } from './a.ts';\n`),
    file('src/lib/a/a.ts', 'export const used = 1;\nexport const shut = 1;\nexport const lonely = 2;\n'),
    file('src/lib/a/b.ts', ''),
    file('src/lib/c/c.ts', `import { used } from '#lib/a';\nused;\n`),
  ];
  const violations = checkUnused(files, { dependencies: { 'left-pad': '1' } });
  assert.deepEqual(violations, [
    'src/lib/a/b.ts: nothing imports this file',
    'src/lib/c/c.ts: nothing imports this file',
    'src/lib/a/a.ts: exported lonely is used nowhere else',
    'src/lib/a/index.ts: no other folder imports shut',
    'package.json: dependency left-pad is used nowhere',
  ]);
});

test('checkUnused reports a file beside production code that tests share', () => {
  const tests = ['a', 'b'].map((name) =>
    file(`src/lib/a/${name}.test.ts`, `import { one } from './samples.ts';\none;\n`),
  );
  const samples = file('src/lib/a/samples.ts', 'export const one = 1;\n');
  const violation = 'src/lib/a/samples.ts: only tests import this file: move it to src/testing';
  assert.deepEqual(checkUnused([samples, ...tests], {}), [violation]);
  assert.deepEqual(checkUnused([samples, ...tests.slice(1)], {}), [], 'not yet in use');
  const moved = tests.map(({ path, text }) => file(path, text.replace('./samples.ts', '#testing/samples')));
  assert.deepEqual(checkUnused([{ ...samples, path: 'src/testing/samples.ts' }, ...moved], {}), []);
});

test('protocolsDocument lists RFCs with their folders, and deviations', () => {
  const files = [
    file('src/lib/a/a.ts', '// RFC 5321 §4.1: x\n// deviates: RFC 5321 §4.2 wants y;\n// z is better.\n'),
    file('src/mail/b/b.ts', '/* RFC 5321 and RFC 1035 §2 */\n'),
    file('src/mail/b/b.test.ts', '// RFC 2045 §1\n'),
  ];
  const titles = new Map([[5321, 'Simple Mail Transfer Protocol']]);
  const document = protocolsDocument(files, titles);
  assert.match(document, /\| \[RFC 5321\]\([^)]*\) \| Simple Mail Transfer Protocol \| `lib\/a`, `mail\/b` \|/);
  assert.match(document, /- RFC 5321 §4\.2 wants y; z is better\. \(`lib\/a\/a\.ts`\)/);
  assert.doesNotMatch(document, /2045/);
  assert.deepEqual(checkProtocols(files, document), ['docs/protocols.md: RFC 1035 has no title: write it there']);
  const whole = protocolsDocument(files, titles.set(1035, 'Domain Names'));
  assert.deepEqual(checkProtocols(files, whole), []);
  assert.equal(checkProtocols(files.slice(0, 1), whole).length, 1);
});

for (const [path, line, want] of [
  ['src/mail/a/a.ts', 'const at = Date.now();', /Clock/],
  ['src/proto/a/a.ts', 'setTimeout(f, 5);', /timers/],
  ['src/server/a/a.ts', "const home = process.env['HOME'];", /process/],
  ['src/lib/a/a.ts', 'const n = Math.random();', /Random/],
  ['src/lib/a/a.ts', ' * Date.now() in a comment', null],
  ['src/host/clock/a.ts', 'const at = Date.now();', null],
  ['src/mail/a/a.test.ts', 'const at = Date.now();', null],
] as const) {
  test(`checkAmbient of '${line}' in ${path}`, () => {
    const violations = checkAmbient([file(path, `${line}\n`)]);
    assert.equal(violations.length, want === null ? 0 : 1);
    if (want !== null) assert.match(violations[0] ?? '', want);
  });
}

for (const [path, text, count] of [
  ['src/mail/a/a.ts', '// TODO later', 1],
  ['src/mail/a/a.ts', 'f(); // FIXME', 1],
  ['src/mail/a/a.ts', "const flag = '$TODO';", 0],
  ['src/mail/a/a.ts', '// const a = 1;', 1],
  ['src/mail/a/a.ts', '// If it fails, the next start does it again;', 0],
  ['decisions/0001-a.md', 'x\n'.repeat(61), 1],
  ['decisions/0001-a.md', 'x\n'.repeat(60), 0],
] as const) {
  test(`checkLeftovers of ${JSON.stringify(text.slice(0, 40))} in ${path} (${count})`, () => {
    assert.equal(checkLeftovers([file(path, text)]).length, count);
  });
}

test('checkTables finds statements outside of the file of their table, and minds neither comments nor tests', () => {
  const statement = 'const rows = sql`SELECT id FROM queue_recipient`;\n';
  const comment = '/** One row of `queue_recipient`. */\n// queue_recipient\nconst index = `queue_recipients`;\n';
  assert.deepEqual(
    checkTables([
      file('src/mail/queue/recipient-rows.ts', statement),
      file('src/mail/story/outgoing.ts', statement),
      file('src/mail/story/outgoing.test.ts', statement),
      file('src/mail/queue/types.ts', comment),
    ]),
    [
      'src/mail/story/outgoing.ts: names the table queue_recipient, whose statements are in src/mail/queue/recipient-rows.ts',
    ],
  );
});

test('checkLeftovers finds decision records with the same number', () => {
  const named = (name: string): { path: string; text: string } => file(`decisions/${name}.md`, '');
  assert.deepEqual(checkLeftovers([named('0001-a'), named('0002-b')]), []);
  assert.deepEqual(checkLeftovers([named('0001-a'), named('0001-b')]), [
    'decisions/0001-a.md and decisions/0001-b.md have the same number',
  ]);
});

test('checkColumns finds what statements only write, and exceptions that are read', () => {
  const tables = columnsOf([
    'CREATE TABLE one (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT)',
    'CREATE TABLE two (id INTEGER PRIMARY KEY, a TEXT); ALTER TABLE two ADD COLUMN d TEXT',
  ]);
  const code = [
    'sql`INSERT INTO one (id, a, b, c) VALUES (${1}, ${2}, ${3}, ${4})`;',
    'const columns = sql`id, c`;',
    'sql`SELECT ${columns} FROM one WHERE c = ${1}`;',
    'sql`UPDATE one SET a = ${1}, b = b + 1 WHERE id = ${2}`;',
  ].join('\n');
  const files = [
    file('src/mail/x/x.ts', code),
    file('src/mail/y/y.ts', 'sql`SELECT d FROM two WHERE id = ${1}`'),
    file('src/mail/y/y.test.ts', 'sql`SELECT a FROM two`'),
  ];
  assert.deepEqual(checkColumns(files, tables, {}), [
    'column one.a: no statement reads it',
    'column two.a: no statement reads it',
  ]);
  assert.deepEqual(checkColumns(files, tables, { 'one.a': 'why', two: 'why' }), []);
  assert.equal(checkColumns(files, tables, { 'one.a': 'why', two: 'why', 'one.c': 'why' }).length, 1);
});
