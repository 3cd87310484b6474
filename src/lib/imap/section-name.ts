import type { Section } from './fetch-item.ts';

/** Formats a section with its brackets as FETCH responses name it, such as `[1.HEADER.FIELDS (From "a(b")]` (RFC 9051 §7.5.2). */
export function sectionName(section: Section): string {
  const part = section.part.join('.');
  const text = textName(section);
  return `[${part}${part !== '' && text !== '' ? '.' : ''}${text}]`;
}

function textName({ text }: Section): string {
  switch (text.kind) {
    case 'all':
      return '';
    case 'header':
      return 'HEADER';
    case 'headerFields':
      return `HEADER.FIELDS${text.not ? '.NOT' : ''} (${text.fields.map(fieldName).join(' ')})`;
    case 'text':
      return 'TEXT';
    default:
      return 'MIME';
  }
}

function fieldName(name: string): string {
  // RFC 9051 §9, atom-specials are quoted; so is `]`, which an astring may contain but careless clients take for the end of the section.
  return /[(){%*"\\\]]/.test(name) ? `"${name.replaceAll(/["\\]/g, '\\$&')}"` : name;
}
