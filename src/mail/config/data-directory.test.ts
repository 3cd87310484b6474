import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataDirectoryOf } from './data-directory.ts';

for (const [what, text, want] of [
  ['an unknown setting', 'hostnam: x\ndataDirectory: /d\n', '/d'],
  ['a setting with a wrong value', 'dataDirectory: ../d # here\nlisteners: 7\n', '../d'],
  ['quotes', 'listeners: 7\ndataDirectory: "/a b"\n', '/a b'],
  ['no such setting', 'listeners: 7\n', 'data'],
  ['an empty file', '', 'data'],
  ['a list left open below it', 'dataDirectory: /d\nlisteners: {a: [\n', '/d'],
  ['a list left open above it', 'listeners:\n  a: [\ndataDirectory: /d\n', '/d'],
  ['a quote left open above it', 'hostname: "x\ndataDirectory: /d\n', '/d'],
  ['a tab above it', '\thostname: x\ndataDirectory: /d\n', '/d'],
  ['a line without a colon', 'hostname: x\nlisteners\ndataDirectory: /d\n', '/d'],
  ['lines that end with CRLF', 'listeners: [\r\ndataDirectory: /d\r\n', '/d'],
  ['a number', 'dataDirectory: 7\n', null],
  ['nothing after it', 'dataDirectory:\n', null],
  ['an empty text', "dataDirectory: ''\n", null],
  ['two of them', 'dataDirectory: /a\ndataDirectory: /b\n', null],
  ['a block', 'dataDirectory:\n  is: /d\n', null],
] as const) {
  test(`dataDirectoryOf: ${what}`, () => assert.equal(dataDirectoryOf({ file: 'server.yaml', text }), want));
}
