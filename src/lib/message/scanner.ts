import { defaultLimits } from './limits.ts';

/** Returns the index after the white space and comments (RFC 5322 §3.2.2) that start at `at`. Unclosed comments extend to the end. */
export function skipCfws(text: string, at: number): number {
  let i = at;
  while (i < text.length) {
    const c = text.charCodeAt(i);
    if (c === 32 || c === 9 || c === 10 || c === 13) i++;
    else if (c === 40) i = comment(text, i).end;
    else break;
  }
  return i;
}

/** Parses the comment that opens at `at`; `text` is its content with quoted pairs resolved (RFC 5322 §3.2.1). */
export function comment(text: string, at: number): { readonly text: string; readonly end: number } {
  let depth = 0;
  let i = at;
  let out = '';
  let from = at + 1;
  for (; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 92 && i + 1 < text.length) {
      out += text.slice(from, i);
      from = ++i;
    } else if (c === 40) {
      if (depth < defaultLimits.maxCommentDepth) depth++;
    } else if (c === 41 && --depth === 0) {
      return { text: out + text.slice(from, i), end: i + 1 };
    }
  }
  return { text: out + text.slice(Math.min(from, i), i), end: i };
}

/** Parses the quoted string that opens at `at` (RFC 5322 §3.2.4); a missing closing quote is accepted. */
export function quotedString(text: string, at: number): { readonly text: string; readonly end: number } {
  let out = '';
  let from = at + 1;
  for (let i = at + 1; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 92 && i + 1 < text.length) {
      out += text.slice(from, i);
      from = ++i;
    } else if (c === 34) return { text: out + text.slice(from, i), end: i + 1 };
  }
  return { text: out + text.slice(from), end: text.length };
}

/** Replaces each comment outside quoted strings with a space (RFC 5322 §3.2.2) and removes outer white space. */
export function withoutComments(text: string): string {
  if (!text.includes('(')) return text.trim();
  let out = '';
  let from = 0;
  for (let i = 0; i < text.length;) {
    const c = text.charCodeAt(i);
    if (c === 34) i = quotedString(text, i).end;
    else if (c === 40) {
      out += `${text.slice(from, i)} `;
      i = comment(text, i).end;
      from = i;
    } else i++;
  }
  return (out + text.slice(from)).trim();
}
