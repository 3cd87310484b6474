/** The names that modules offer at their doors (`index.ts`), and whether another folder uses them. */
import { importsOf, resolveImport } from './imports.ts';
import type { SourceFile } from './source-files.ts';

/** A name that a door exports. */
export interface DoorExport {
  readonly door: string;
  readonly name: string;
}

/** Returns the names that a file exports by name, when it is a door. */
export function doorsOf({ path, text }: SourceFile): DoorExport[] {
  if (!path.endsWith('/index.ts')) return [];
  const lists = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap((match) => (match[1] ?? '').split(','));
  const declarations = [
    ...text.matchAll(/^export (?:abstract )?(?:async )?(?:function\*?|class|const|let|type|interface) ([\w$]+)/gm),
  ].map((match) => match[1] ?? '');
  const listed = lists.map((item) => item.trim().split(/\s+/).at(-1) ?? '');
  return [...listed, ...declarations].filter((name) => name !== '').map((name) => ({ door: path, name }));
}

/** Returns the exports of doors that no file imports through the door. Tests in other folders are users only when they are among the files. */
export function exportsWithoutUser(files: readonly SourceFile[]): DoorExport[] {
  const wordsOfUsers = new Map<string, Set<string>[]>();
  for (const { path, text } of files) {
    const words = new Set(text.match(/[\w$]+/g));
    for (const target of new Set(importsOf(text).map((specifier) => resolveImport(path, specifier)))) {
      wordsOfUsers.set(target, [...(wordsOfUsers.get(target) ?? []), words]);
    }
  }
  return files
    .flatMap(doorsOf)
    .filter(({ door, name }) => !(wordsOfUsers.get(door) ?? []).some((words) => words.has(name)));
}
