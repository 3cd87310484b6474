import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { fastResolver } from './fast-resolve.mjs';

const root = new URL('../../', import.meta.url);
const resolveFast = fastResolver(root);

/** Specifiers that a file imports, with the file's URL. */
function importsOf(pattern: string, form: RegExp): { readonly specifier: string; readonly parent: string }[] {
  return globSync(pattern, { cwd: root }).flatMap((path) => {
    const url = new URL(path.replaceAll('\\', '/'), root);
    return [...readFileSync(url, 'utf8').matchAll(form)].map(([, specifier = '']) => ({ specifier, parent: url.href }));
  });
}

const fromForm = /^(?:import|export|\}).* from ['"]([^'"]+)['"]/gm;
const requireForm = /require\(['"]([^'"]+)['"]\)/g;

test('fastResolver finds what Node finds for each import of ours and of large packages', () => {
  const imports = [
    ...importsOf('src/**/*.ts', fromForm),
    ...importsOf('node_modules/zod/v4/**/*.js', fromForm),
    ...importsOf('node_modules/yaml/dist/**/*.js', requireForm),
  ];
  let found = 0;
  for (const { specifier, parent } of imports) {
    const fast = resolveFast(specifier, parent);
    if (fast === null) continue;
    found += 1;
    const slow = pathToFileURL(createRequire(fileURLToPath(parent)).resolve(specifier)).href;
    assert.equal(fast.url, slow, `${specifier} in ${parent}`);
  }
  assert.ok(found > 3000, `${found} imports`);
});

for (const [specifier, parent] of [
  ['commander', 'file:///godwit/src/cli/program.ts'],
  ['node:fs', 'file:///godwit/src/cli/program.ts'],
  ['#unknown/x', 'file:///godwit/src/cli/program.ts'],
  ['./x.js', 'file:///godwit/node_modules/tr46/index.js'],
  ['./x.json', 'file:///godwit/node_modules/zod/index.js'],
] as const)
  test(`fastResolver leaves ${specifier} to Node`, () => assert.equal(resolveFast(specifier, parent), null));
