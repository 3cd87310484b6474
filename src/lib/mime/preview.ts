import { extractText } from './body.ts';
import type { ReadBytes } from './body.ts';
import { flattenParts } from './part-number.ts';
import type { MessageIndex, Part } from './part.ts';

/** RFC 8970 §3.3: a preview MUST NOT exceed 256 characters. */
const maxPreviewChars = 256;
const maxReadBytes = 64 * 1024;
/** URLs up to this length are not shortened. */
const maxUrlChars = 40;

/**
 * Returns the preview of a message for lists: at most 256 characters of its text on one line, without quotations and the signature,
 * long URLs shortened to their host. Reads at most 64 KiB of the first text part that is not attached; empty when there is none.
 */
export async function preview(index: Pick<MessageIndex, 'root'>, read: ReadBytes): Promise<string> {
  const part = textPart(index.root);
  if (part === null) return '';
  const text = await extractText(part, read, { maxBytes: maxReadBytes, skipQuotes: true });
  return truncate(previewOfText(text));
}

function textPart(root: Part): Part | null {
  let html: Part | null = null;
  for (const part of flattenParts(root)) {
    if (part.type !== 'text' || part.disposition?.type === 'attachment') continue;
    if (part.subtype !== 'html' && part.end > part.bodyStart) return part;
    if (part.subtype === 'html') html ??= part;
  }
  return html;
}

function previewOfText(text: string): string {
  const lines = text.split(/\r\n|\r|\n/);
  const kept: string[] = [];
  for (const [i, line] of lines.entries()) {
    // RFC 3676 §4.3: the signature.
    if (line === '-- ' || line === '-- \u00a0') break;
    if (line.startsWith('>')) continue;
    if (introducesQuote(line) && nextText(lines, i + 1).startsWith('>')) continue;
    kept.push(line);
    if (kept.length > 1000) break;
  }
  const joined = kept.join(' ').replace(/https?:\/\/[^\s<>"]+/gi, shortUrl);
  // Nearly all text is printable US-ASCII: then runs of spaces are all that the long way would replace.
  const spaced = /^[ -~]*$/.test(joined)
    ? joined.replace(/ {2,}/g, ' ')
    : joined.replace(/[\p{Cc}\p{Cf}\s\u034f]+/gu, ' ');
  return spaced.replace(/([-=_*#~])\1{4,}/g, '$1$1$1').trim();
}

/** Reports whether a line may introduce a quotation: `On … wrote:` ends with a colon in every language. */
function introducesQuote(line: string): boolean {
  return /:\s*$/.test(line.slice(-20));
}

/** Returns the next line, or the one after it if that is empty. */
function nextText(lines: readonly string[], from: number): string {
  const line = lines[from] ?? '';
  return line.trim() === '' ? (lines[from + 1] ?? '') : line;
}

function shortUrl(url: string): string {
  if (url.length <= maxUrlChars) return url;
  const slash = url.indexOf('/', 8);
  const question = url.indexOf('?', 8);
  const end = Math.min(slash < 0 ? url.length : slash, question < 0 ? url.length : question, 80);
  return `${url.slice(0, end)}/…`;
}

/** Cuts after a whole character, and after a whole word if one ends nearby. */
function truncate(text: string): string {
  const hasPairs = /[\ud800-\udfff]/.test(text.slice(0, maxPreviewChars + 1));
  if (!hasPairs) return text.length <= maxPreviewChars ? text : shortened(text.slice(0, maxPreviewChars - 1));
  const points = Array.from(text.slice(0, maxPreviewChars * 2 + 2));
  if (points.length <= maxPreviewChars) return points.join('');
  return shortened(points.slice(0, maxPreviewChars - 1).join(''));
}

function shortened(cut: string): string {
  const blank = cut.lastIndexOf(' ');
  return `${blank > cut.length - 30 ? cut.slice(0, blank) : cut}…`;
}
