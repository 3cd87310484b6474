/** Checks that every exported name has a docstring, and every folder's door a head comment. */
import { isTest, type SourceFile } from './source-files.ts';

/** @returns one line per exported declaration without a docstring and per door without a head comment. */
export function checkDocs(files: readonly SourceFile[]): string[] {
  const violations: string[] = [];
  for (const { path, text } of files) {
    if (isTest(path) || !path.startsWith('src/')) continue;
    const lines = text.split('\n');
    if (path.endsWith('/index.ts') && !text.startsWith('/**'))
      violations.push(`${path}: a door starts with a comment that is the folder's map`);
    lines.forEach((line, at) => {
      const name =
        /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|const|let|type|interface) ([\w$]+)/.exec(
          line,
        )?.[1];
      if (name === undefined) return;
      const before = lines.slice(0, at).findLast((candidate) => candidate.trim() !== '') ?? '';
      const previousIsOverload = new RegExp(`^export (?:async )?function ${name.replaceAll('$', '\\$')}\\b.*;$`).test(
        before,
      );
      const twin = text.indexOf(`export const ${name} `) >= 0 && line.startsWith('export type');
      if (!before.trim().endsWith('*/') && !previousIsOverload && !twin)
        violations.push(`${path}:${at + 1}: exported ${name} has no docstring`);
    });
  }
  return violations;
}
