/** Checks that code takes clock, randomness, environment and timers as arguments (docs/style.md 15, 19): only `host`, `cli` and `testing` touch them. */
import { isTest, type SourceFile } from './source-files.ts';

/** Layers whose modules get the world as arguments. */
const layers = /^src\/(?:lib|ports|proto|mail|server)\//;

/** Uses of the world, and the argument to take instead. */
const uses: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/, 'the time comes from a Clock or as an argument'],
  [/\bset(?:Timeout|Interval|Immediate)\(/, 'timers come from a Clock'],
  [/\bMath\.random\(|\brandomBytes\(|\brandomUUID\(|\bgetRandomValues\(/, 'randomness comes from a Random'],
  [/\bprocess\.(?:env|argv|cwd|exit|platform|on|kill|stdin|stdout|stderr)\b/, 'facts of the process are arguments'],
];

/** Files that may, each with its reason. */
const exceptions: Readonly<Record<string, string>> = {
  'src/server/localserve/setup.ts': 'salts the hash of a password that it prints, once, before anything else runs',
};

/** Returns a line for each use of the world in a layer that must not touch it. */
export function checkAmbient(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => layers.test(path) && !isTest(path) && exceptions[path] === undefined)
    .flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, at) => {
        const code = line.replace(/^\s*(?:\/\/|\/?\*).*|\/\/ .*$/, '');
        return uses
          .filter(([pattern]) => pattern.test(code))
          .map(([pattern, instead]) => `${path}:${at + 1}: "${pattern.exec(code)?.[0]}": ${instead}`);
      }),
    );
}
