/** Checks that the statements about a table are in one file, so that a change of a column finds them all (docs/style.md, 18). */
import { isTest, type SourceFile } from './source-files.ts';

/** Tables with the file that has their statements. */
const homes: Readonly<Record<string, string>> = {
  queue_recipient: 'src/mail/queue/recipient-rows.ts',
};

/** @returns one line per file that names a table elsewhere; comments, tests and the schema may. */
export function checkTables(files: readonly SourceFile[]): string[] {
  const violations: string[] = [];
  for (const { path, text } of files) {
    if (!path.startsWith('src/') || path.startsWith('src/mail/schema/') || isTest(path)) continue;
    const code = text.replaceAll(/\/\*\*[^]*?\*\//g, '').replaceAll(/^ *\/\/.*$/gm, '');
    for (const [table, home] of Object.entries(homes)) {
      if (path === home || !new RegExp(`\\b${table}\\b`).test(code)) continue;
      violations.push(`${path}: names the table ${table}, whose statements are in ${home}`);
    }
  }
  return violations;
}
