/** Checks that production, not only tests, uses nearly everything that doors offer: an export that only tests need belongs in an import of its file. */
import { doorsOf, exportsWithoutUser } from './doors.ts';
import { isTest, type SourceFile } from './source-files.ts';

/** Part of the exports that may have users in tests only. */
const maxShare = 0.05;

/** @returns nothing, or a line with the figure and one for each export that no production code in another folder imports. */
export function checkDoors(files: readonly SourceFile[], share = maxShare): string[] {
  const code = files.filter(({ path }) => path.startsWith('src/') && !isTest(path));
  const exported = code.flatMap(doorsOf).length;
  const unused = exportsWithoutUser(code);
  if (unused.length <= exported * share) return [];
  return [
    `${unused.length} of ${exported} exports of doors are used by tests only (limit ${share * 100} %): tests beside the code import the file itself`,
    ...unused.map(({ door, name }) => `${door}: no production code of another folder imports ${name}`),
  ];
}
