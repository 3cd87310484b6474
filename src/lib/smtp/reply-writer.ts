import type { Reply } from './reply.ts';

// RFC 5321 §4.5.3.1.5: a reply line has at most 512 octets, with code and CRLF.
const maxLineBytes = 512;
/** Below this column a long word is cut rather than the line left short. */
const minWrapColumn = 400;

// RFC 5321 §4.2: `textstring` is HT and printable ASCII.
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const notPrintable = /[^\x20-\x7e]/;
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const controls = /[\x00-\x1f\x7f]/g;
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const notAscii = /[^\x00-\x7f]/g;

/** Options of writing replies. */
export interface ReplyStyle {
  /** Non-ASCII text is allowed because the client asked for SMTPUTF8 (RFC 6531 §3.7.4.1); otherwise it becomes `?`. */
  readonly smtputf8?: boolean;
}

/**
 * Writes a reply with its line ends. Each line carries code and enhanced code (RFC 2034 §4), has at most 512 octets,
 * and is wrapped at a space where there is one. Control characters in the text become spaces: no text can forge a reply.
 */
export function writeReply(reply: Reply, style: ReplyStyle = {}): string {
  const [only] = reply.lines;
  const enhanced = reply.enhanced === null ? '' : `${reply.enhanced} `;
  if (reply.lines.length === 1 && only !== undefined && only.length < minWrapColumn && !notPrintable.test(only)) {
    return `${reply.code} ${enhanced}${only}\r\n`;
  }
  const maxText = maxLineBytes - 4 - enhanced.length - 2;
  const lines = reply.lines.flatMap((line) => wrap(clean(line, style), maxText));
  const last = lines.length - 1;
  return lines.map((line, i) => `${reply.code}${i === last ? ' ' : '-'}${enhanced}${line}\r\n`).join('');
}

function clean(text: string, style: ReplyStyle): string {
  const printable = text.replace(controls, ' ').toWellFormed();
  return style.smtputf8 === true ? printable : printable.replace(notAscii, '?');
}

function wrap(text: string, maxBytes: number): string[] {
  const lines: string[] = [];
  let rest = text;
  for (;;) {
    const fits = unitsWithin(rest, maxBytes);
    if (fits === rest.length) break;
    const space = rest.lastIndexOf(' ', fits);
    const cut = space >= Math.min(minWrapColumn, fits >> 1) ? space : fits;
    lines.push(rest.slice(0, cut));
    rest = rest.slice(cut).trimStart();
  }
  lines.push(rest);
  return lines;
}

/** Counts the code units of `text` that fit in `maxBytes` octets of UTF-8 without cutting a character. */
function unitsWithin(text: string, maxBytes: number): number {
  let bytes = 0;
  for (let i = 0; i < text.length;) {
    const c = text.codePointAt(i) ?? 0;
    bytes += c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x1_0000 ? 3 : 4;
    if (bytes > maxBytes) return i;
    i += c < 0x1_0000 ? 1 : 2;
  }
  return text.length;
}
