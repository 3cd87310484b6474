/** RFC 3676 §4.2: generated lines SHOULD have at most 78 characters. */
const maxLineChars = 76;

/**
 * Writes text as format=flowed with DelSp=no (RFC 3676 §4.2), lines ended by CRLF: long lines get soft breaks at spaces, lines that
 * start with a space or `From ` are space-stuffed (RFC 3676 §4.4), lines that start with `>` remain quotations (RFC 3676 §4.5).
 * Spaces at line ends are removed, except in the signature separator `-- ` (RFC 3676 §4.3).
 */
export function writeFlowed(text: string): string {
  const lines = text.split(/\r\n|\r|\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines.map(flowLine).join('');
}

function flowLine(line: string): string {
  const quote = /^>+/.exec(line)?.[0] ?? '';
  const content = line.slice(quote.length);
  if (quote === '' && content === '-- ') return '-- \r\n';
  const plain = (quote === '' ? content : content.replace(/^ /, '')).trimEnd();
  const lead = quote === '' ? '' : `${quote} `;
  let out = '';
  let start = 0;
  while (plain.length - start > maxLineChars - lead.length) {
    const cut = softBreak(plain, start, Math.max(maxLineChars - lead.length, 20));
    if (cut < 0) break;
    out += `${stuff(lead, plain.slice(start, cut))}\r\n`;
    start = cut;
  }
  return `${out}${plain === '' ? quote : stuff(lead, plain.slice(start))}\r\n`;
}

/** Returns the offset after the space at which a line of `width` characters can break, later if a word is longer; -1 when there is no space. */
function softBreak(text: string, start: number, width: number): number {
  let at = text.lastIndexOf(' ', start + width - 1);
  if (at <= start) at = text.indexOf(' ', start + width);
  if (at < 0) return -1;
  // A soft line must not look like the signature separator.
  return text.slice(start, at + 1) === '-- ' ? -1 : at + 1;
}

function stuff(lead: string, line: string): string {
  return lead === '' && /^(?: |>|From )/.test(line) ? ` ${line}` : lead + line;
}

/** Reads format=flowed text (RFC 3676 §4.1): joins soft-broken lines of one quote depth and removes space-stuffing. */
export function readFlowed(text: string, delSp = false): string {
  const out: string[] = [];
  let openDepth = -1;
  for (const line of text.split(/\r\n|\n/)) {
    const depth = /^>*/.exec(line)?.[0].length ?? 0;
    const content = line.slice(depth).replace(/^ /, '');
    // RFC 3676 §4.1: a line that ends with a space is flowed, except the signature separator (RFC 3676 §4.3).
    const isSoft = content.endsWith(' ') && content !== '-- ';
    // RFC 3676 §4.1: with DelSp=yes the space is deleted.
    const shown = isSoft && delSp ? content.slice(0, -1) : content;
    // RFC 3676 §4.1: a line of a different quote depth ends the paragraph.
    if (openDepth === depth && content !== '-- ') out.push(shown);
    else out.push(`${out.length > 0 ? '\n' : ''}${depth > 0 ? `${'>'.repeat(depth)} ` : ''}${shown}`);
    openDepth = isSoft ? depth : -1;
  }
  return out.join('');
}
