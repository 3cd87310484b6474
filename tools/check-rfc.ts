/**
 * Checks that cited RFC sections exist. Needs the RFC texts (rfc/README.md says how to get them); without them only the form is checked.
 * A citation reads `RFC 5321 §4.5.3.1.8`; several sections of one RFC may follow with commas or "and".
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import type { SourceFile } from './source-files.ts';

/** A citation of one section. */
export interface Citation {
  readonly path: string;
  readonly line: number;
  readonly rfc: number;
  /** Such as `4.5.3.1.8` or `A.2`; null when only the RFC is named. */
  readonly section: string | null;
}

/** All RFC citations of a file, in order. */
export function citationsOf({ path, text }: SourceFile): Citation[] {
  const found: Citation[] = [];
  text.split('\n').forEach((content, at) => {
    for (const match of content.matchAll(/RFC (\d{3,5})((?:(?:,| and)? ?§ ?(?:App\. ?)?[\dA-Z]+(?:\.[\da-z]+)*)*)/g)) {
      const sections = [...(match[2] ?? '').matchAll(/§ ?(?:App\. ?)?([\dA-Z]+(?:\.\d+)*)/g)].map(
        (section) => section[1] ?? '',
      );
      for (const section of sections.length > 0 ? sections : [null]) {
        found.push({ path, line: at + 1, rfc: Number(match[1]), section });
      }
    }
  });
  return found;
}

/** The section numbers that an RFC's text has as headings. */
export function sectionsOf(text: string): Set<string> {
  const sections = new Set<string>();
  for (const match of text.matchAll(/^ {0,6}(?:Appendix )?([A-Z]|\d+)((?:\.\d+)*)(?:\.|:|\s--)?[ \t]+\S/gm)) {
    sections.add(`${match[1]}${match[2]}`);
  }
  return sections;
}

/**
 * @param folder  Folder with `rfcNNNN.txt`, or null when there is none.
 * @returns one line per citation of a section that the RFC does not have.
 */
export function checkRfc(files: readonly SourceFile[], folder: string | null): string[] {
  if (folder === null || !existsSync(folder)) return [];
  const texts = new Map(readdirSync(folder).map((name) => [Number(/\d+/.exec(name)?.[0] ?? 0), name]));
  const sections = new Map<number, Set<string>>();
  const violations: string[] = [];
  for (const citation of files.flatMap(citationsOf)) {
    const name = texts.get(citation.rfc);
    if (name === undefined || citation.section === null) continue;
    let known = sections.get(citation.rfc);
    if (known === undefined)
      sections.set(citation.rfc, (known = sectionsOf(readFileSync(`${folder}/${name}`, 'utf8'))));
    if (!known.has(citation.section)) {
      violations.push(`${citation.path}:${citation.line}: RFC ${citation.rfc} has no section ${citation.section}`);
    }
  }
  return violations;
}
