import type { Section } from '#lib/imap';
import type { Part } from '#lib/mime';

/** Bytes of a message, end exclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Returns the bytes of a part's section; null when the part has none: HEADER and TEXT of a part need type message/rfc822 (RFC 9051 §6.4.5.1). */
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
