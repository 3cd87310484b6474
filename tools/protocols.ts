/**
 * docs/protocols.md, made from the citations in `src`: which RFCs the code follows, where, and where it deviates on purpose.
 * Titles are kept from the document that stands; an RFC cited for the first time gets its title there by hand.
 */
import { citationsOf } from './check-rfc.ts';
import { isTest, type SourceFile } from './source-files.ts';

/** Returns the titles in a document made earlier, by RFC number. */
export function titlesIn(document: string): Map<number, string> {
  return new Map(
    [...document.matchAll(/^\| \[RFC (\d+)\][^|]*\| ([^|]+?) \|/gm)].map((row) => [Number(row[1]), row[2] ?? '']),
  );
}

/** Returns the document for these sources. RFCs without a title get an empty one. */
export function protocolsDocument(files: readonly SourceFile[], titles: ReadonlyMap<number, string>): string {
  const sources = files.filter(({ path }) => path.startsWith('src/') && !isTest(path));
  const foldersOf = new Map<number, Set<string>>();
  for (const { path, rfc } of sources.flatMap(citationsOf)) {
    const folder = path.split('/').slice(1, 3).join('/');
    if (folder.endsWith('.ts')) continue;
    foldersOf.set(rfc, (foldersOf.get(rfc) ?? new Set()).add(folder));
  }
  const rows = [...foldersOf]
    .toSorted(([a], [b]) => a - b)
    .map(([rfc, folders]) => `| ${linkTo(rfc)} | ${titles.get(rfc) ?? ''} | ${listOf(folders)} |`);
  return `${head}| RFC | title | where |
|---|---|---|
${rows.join('\n')}

## Deviations

${sources.flatMap(deviationsOf).join('\n')}
`;
}

/** Returns the violations about the document that stands: RFCs without a title, or another text than the sources give. */
export function checkProtocols(files: readonly SourceFile[], document: string): string[] {
  const wanted = protocolsDocument(files, titlesIn(document));
  const untitled = [...wanted.matchAll(/^\| \[RFC (\d+)\][^|]*\|\s*\|/gm)].map(
    (row) => `docs/protocols.md: RFC ${row[1]} has no title: write it there`,
  );
  if (untitled.length > 0) return untitled;
  return wanted === document ? [] : ['docs/protocols.md is out of date: run "node tools/write-protocols.ts"'];
}

const head = `# Protocols

The RFCs that the code cites, and the folders of \`src\` that follow them. \`grep -rn "RFC 5321 §4.5" src\` finds the lines of one section.
Made by \`node tools/write-protocols.ts\`; \`npm run check\` fails when it is out of date.

`;

/** Returns the deviations that a file marks with \`deviates:\`, as list items. */
function deviationsOf({ path, text }: SourceFile): string[] {
  return [...text.matchAll(/^\s*(?:\/\/|\*) deviates: (.*(?:\n\s*(?:\/\/|\*) (?!deviates:).*)*)/gm)].map((match) => {
    const said = (match[1] ?? '').replaceAll(/\n\s*(?:\/\/|\*) /g, ' ').replace(/ ?\*\/$/, '');
    return `- ${said} (\`${path.replace('src/', '')}\`)`;
  });
}

function linkTo(rfc: number): string {
  return `[RFC ${rfc}](https://www.rfc-editor.org/rfc/rfc${rfc})`;
}

function listOf(folders: ReadonlySet<string>): string {
  return [...folders]
    .toSorted()
    .map((folder) => `\`${folder}\``)
    .join(', ');
}
