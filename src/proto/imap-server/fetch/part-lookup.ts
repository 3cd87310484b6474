import type { Section } from '#lib/imap';
import type { Part } from '#lib/mime';

/** Bytes of a message, end exclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The part that part numbers mean (RFC 9051 §6.4.5.1): children of a multipart; 1 is the body of anything else; the numbers of a
 * message inside a message go on inside it. Null when there is no such part.
 */
export function findPart(root: Part, numbers: readonly number[]): Part | null {
  let part: Part = root;
  let isEntered = false;
  for (const number of numbers) {
    const holder: Part | null = isEntered && part.type !== 'multipart' ? (part.message?.root ?? null) : part;
    if (holder === null) return null;
    const next = holder.type === 'multipart' ? holder.parts[number - 1] : number === 1 ? holder : undefined;
    if (next === undefined) return null;
    part = next;
    isEntered = true;
  }
  return part;
}

/** Where the bytes of a part's section lie; null when the part has none, as HEADER of what is no message. */
export function sectionRange(part: Part, section: Section): ByteRange | null {
  switch (section.text.kind) {
    case 'all':
      return { start: part.bodyStart, end: part.end };
    case 'mime':
      return { start: part.headerStart, end: part.bodyStart };
    case 'header':
    case 'headerFields': {
      const root = part.message?.root;
      return root === undefined ? null : { start: root.headerStart, end: root.bodyStart };
    }
    default: {
      const root = part.message?.root;
      return root === undefined ? null : { start: root.bodyStart, end: root.end };
    }
  }
}
