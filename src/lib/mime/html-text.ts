/** Names of entities that occur in mail, beyond the numeric ones. */
const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  copy: '©',
  reg: '®',
  trade: '™',
  hellip: '…',
  mdash: '—',
  ndash: '–',
  lsquo: '‘',
  rsquo: '’',
  ldquo: '“',
  rdquo: '”',
  laquo: '«',
  raquo: '»',
  bull: '•',
  middot: '·',
  euro: '€',
  pound: '£',
  yen: '¥',
  cent: '¢',
  sect: '§',
  para: '¶',
  deg: '°',
  plusmn: '±',
  times: '×',
  frac12: '½',
  shy: '',
  zwnj: '',
  zwj: '',
  ensp: ' ',
  emsp: ' ',
  thinsp: ' ',
  iexcl: '¡',
  iquest: '¿',
  szlig: 'ß',
  ccedil: 'ç',
  Ccedil: 'Ç',
  ntilde: 'ñ',
  Ntilde: 'Ñ',
  aring: 'å',
  Aring: 'Å',
  aelig: 'æ',
  AElig: 'Æ',
  oslash: 'ø',
  Oslash: 'Ø',
  auml: 'ä',
  ouml: 'ö',
  uuml: 'ü',
  Auml: 'Ä',
  Ouml: 'Ö',
  Uuml: 'Ü',
  euml: 'ë',
  iuml: 'ï',
  aacute: 'á',
  eacute: 'é',
  iacute: 'í',
  oacute: 'ó',
  uacute: 'ú',
  Aacute: 'Á',
  Eacute: 'É',
  Iacute: 'Í',
  Oacute: 'Ó',
  Uacute: 'Ú',
  agrave: 'à',
  egrave: 'è',
  igrave: 'ì',
  ograve: 'ò',
  ugrave: 'ù',
  Agrave: 'À',
  Egrave: 'È',
  acirc: 'â',
  ecirc: 'ê',
  icirc: 'î',
  ocirc: 'ô',
  ucirc: 'û',
  atilde: 'ã',
  otilde: 'õ',
};

/** Elements whose content is no text. */
const hidden = new Set(['script', 'style', 'title', 'template', 'textarea', 'noembed', 'noframes', 'xmp']);

/** Elements that start and end a line. */
const blocks = new Set([
  'address',
  'article',
  'aside',
  'blockquote',
  'body',
  'br',
  'dd',
  'div',
  'dl',
  'dt',
  'footer',
  'form',
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
  'header',
  'hr',
  'li',
  'main',
  'nav',
  'ol',
  'p',
  'pre',
  'section',
  'table',
  'td',
  'th',
  'tr',
  'ul',
]);

/**
 * Returns the readable text of HTML, for search and previews: markup, comments, scripts and styles are left out, blocks are on lines of their
 * own, character references are resolved. Tolerant and linear; the result is text, never to be used as HTML.
 */
export function htmlToText(html: string, options: { readonly skipQuotes?: boolean } = {}): string {
  return collapsed([...htmlTextPieces(html, options)].join('')).trim();
}

/**
 * Yields the text of `htmlToText` in pieces, for large sources, which take long. Blank lines and runs of spaces at the ends of pieces remain.
 * @param options  `pieceChars` of the source, or a few more, are read for each piece.
 */
export function* htmlTextPieces(
  html: string,
  options: { readonly skipQuotes?: boolean; readonly pieceChars?: number } = {},
): Generator<string, void> {
  const { pieceChars = 16 * 1024 } = options;
  let out: string[] = [];
  let quoteDepth = 0;
  let at = 0;
  let pieceEnd = pieceChars;
  while (at < html.length) {
    if (at >= pieceEnd) {
      yield collapsed(out.join(''));
      out = [];
      pieceEnd = at + pieceChars;
    }
    const open = html.indexOf('<', at);
    const end = open < 0 ? html.length : open;
    const textEnd = end - at <= pieceChars ? end : cutBefore(html, at + pieceChars);
    if (quoteDepth === 0 && textEnd > at) out.push(decodeEntities(html.slice(at, textEnd)).replace(/\s+/g, ' '));
    at = textEnd;
    if (textEnd < end) continue;
    if (open < 0) break;
    const tag = readTag(html, open);
    at = tag.end;
    if (tag.kind === 'text') {
      if (quoteDepth === 0) out.push('<');
      continue;
    }
    if (blocks.has(tag.name)) out.push('\n');
    if (tag.name === 'blockquote' && options.skipQuotes === true) {
      quoteDepth = Math.max(0, quoteDepth + (tag.kind === 'open' ? 1 : -1));
    }
    if (tag.kind === 'open' && hidden.has(tag.name)) at = hiddenEnd(html, tag.name, at);
  }
  yield collapsed(out.join(''));
}

function collapsed(text: string): string {
  return text.replace(/[ \n]+/g, (run) => (run.includes('\n') ? '\n' : ' '));
}

/** Returns an offset at or shortly before `at` where text can be cut, outside character references and surrogate pairs. */
function cutBefore(html: string, at: number): number {
  const reference = html.lastIndexOf('&', at);
  const cut = reference > at - longestReference ? reference : at;
  const code = html.charCodeAt(cut - 1);
  return code >= 0xd800 && code < 0xdc00 ? cut - 1 : cut;
}

/** Upper bound of the length of a character reference, such as `&#1114111;`. */
const longestReference = 16;

type Tag = { readonly kind: 'open' | 'close' | 'text'; readonly name: string; readonly end: number };

/** Reads what starts with the `<` at `at`: a tag, a comment (a tag without a name), or text. */
function readTag(html: string, at: number): Tag {
  if (html.startsWith('<!--', at)) {
    const end = html.indexOf('-->', at + 4);
    return { kind: 'open', name: '', end: end < 0 ? html.length : end + 3 };
  }
  const isClose = html[at + 1] === '/';
  const start = isClose ? at + 2 : at + 1;
  const first = html.charCodeAt(start) | 32;
  if (!(first >= 97 && first <= 122) && html[start] !== '!' && html[start] !== '?') {
    return { kind: 'text', name: '', end: at + 1 };
  }
  let nameEnd = start;
  while (nameEnd < html.length && nameEnd - start < 20 && isNameChar(html.charCodeAt(nameEnd))) nameEnd++;
  return {
    kind: isClose ? 'close' : 'open',
    name: html.slice(start, nameEnd).toLowerCase(),
    end: tagEnd(html, nameEnd),
  };
}

function isNameChar(code: number): boolean {
  const lower = code | 32;
  return (lower >= 97 && lower <= 122) || (code >= 48 && code <= 57);
}

/** Returns the offset after the `>` of a tag, not counting one inside a quoted attribute value. */
function tagEnd(html: string, from: number): number {
  let quote = 0;
  for (let i = from; i < html.length; i++) {
    const code = html.charCodeAt(i);
    if (quote !== 0) {
      if (code === quote) quote = 0;
    } else if (code === 62) return i + 1;
    else if ((code === 34 || code === 39) && html.charCodeAt(i - 1) === 61) quote = code;
  }
  return html.length;
}

function hiddenEnd(html: string, name: string, from: number): number {
  const close = new RegExp(`</${name}`, 'gi');
  close.lastIndex = from;
  const found = close.exec(html);
  return found === null ? html.length : found.index;
}

function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,8}\d{0,2}));?/gi, (whole, decimal, hex, name) => {
    if (typeof name === 'string') return Object.hasOwn(entities, name) ? (entities[name] ?? whole) : whole;
    const point = typeof decimal === 'string' ? Number(decimal) : Number.parseInt(String(hex), 16);
    return point === 0 || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)
      ? '\ufffd'
      : String.fromCodePoint(point);
  });
}
