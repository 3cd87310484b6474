import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { root } from './source-files.ts';

interface Manifest {
  readonly engines: { readonly node: string };
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

test('docs name two versions of Node: the one that may start us, and the one that npm ci brings', () => {
  const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Manifest;
  const [, least = ''] = /^>=(\d+)$/.exec(manifest.engines.node) ?? [];
  const brought = new Set(Object.values(manifest.optionalDependencies).map((version) => version.split('.')[0]));
  assert.equal(brought.size, 1);
  const [bundled = ''] = brought;
  const wrong: string[] = [];
  let found = 0;
  for (const path of globSync(['*.md', 'docs/**/*.md', 'decisions/*.md', 'rfc/*.md', 'tools/*.mjs', 'src/cli/*.mjs'], {
    cwd: root,
  })) {
    for (const [named, version] of readFileSync(`${root}${path}`, 'utf8').matchAll(
      /\bNode(?:\.js)?(?: ≥| >=)? (\d+)/g,
    )) {
      found += 1;
      if (version !== least && version !== bundled) wrong.push(`${path}: ${named}`);
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(found >= 3, `${found}`);
  assert.match(readFileSync(`${root}README.md`, 'utf8'), new RegExp(`Node ${least} or newer .*\\(${bundled}\\)`));
});
