import { decodeEncodedWords } from './encoded-word.ts';
import { defaultLimits } from './limits.ts';
import { comment, quotedString, skipCfws } from './scanner.ts';

/** A mailbox of an address list. `localpart` has its quotes removed; `domain` is as written, empty when absent. */
export interface MailboxEntry {
  readonly kind: 'mailbox';
  /** Display name; from a trailing comment when there is no other; null when absent. */
  readonly name: string | null;
  readonly localpart: string;
  readonly domain: string;
  /** The obsolete source route as it is written without its colon, such as `@a.example,@b.example` (RFC 5322 §4.4); absent when there is none. */
  readonly route?: string;
}

/** One entry of an address list: a mailbox, or the start or end of a group (RFC 5322 §3.4). */
export type AddressEntry =
  | MailboxEntry
  | { readonly kind: 'groupStart'; readonly name: string }
  | { readonly kind: 'groupEnd' };

/**
 * Parses an unfolded address list (RFC 5322 §3.4; groups also in From: RFC 6854 §2; UTF-8: RFC 6532 §3.2). Never fails: accepts obsolete
 * routes, missing angle brackets, comments as names, stray separators and misplaced encoded words. Text without any
 * `@` becomes a mailbox without domain. Stops after `limit` entries.
 * Encoded words in names (RFC 2047 §5) are decoded; with `asWritten` they are kept.
 */
export function parseAddressList(
  text: string,
  options: { readonly limit?: number; readonly asWritten?: boolean } = {},
): AddressEntry[] {
  const decodeName = options.asWritten === true ? asIs : decodeEncodedWords;
  return new AddressListReader(text, options.limit ?? defaultLimits.maxAddresses, decodeName).read();
}

type DecodeName = (text: string) => string;
const asIs: DecodeName = (text) => text;

/** Returns the mailboxes of a list, including those inside groups. */
export function mailboxesOf(list: readonly AddressEntry[]): MailboxEntry[] {
  return list.filter((entry) => entry.kind === 'mailbox');
}

/** Words seen since the last separator. */
interface Phrase {
  /** Pieces in order; `quoted` ones never hold encoded words. */
  words: { text: string; quoted: boolean; spaced: boolean }[];
  comment: string | null;
  address: { localpart: string; domain: string; route?: string } | null;
}

class AddressListReader {
  readonly #text: string;
  readonly #limit: number;
  readonly #decode: DecodeName;
  readonly #list: AddressEntry[] = [];
  #at = 0;
  #inGroup = false;
  #phrase: Phrase = emptyPhrase();

  constructor(text: string, limit: number, decodeName: DecodeName) {
    this.#text = text;
    this.#limit = limit;
    this.#decode = decodeName;
  }

  read(): AddressEntry[] {
    const text = this.#text;
    let spaced = false;
    while (this.#at < text.length && this.#list.length < this.#limit) {
      const c = text.charCodeAt(this.#at);
      if (c === 32 || c === 9 || c === 10 || c === 13) {
        spaced = true;
        this.#at++;
        continue;
      }
      this.#step(c, spaced);
      spaced = false;
    }
    this.#flush();
    if (this.#inGroup && this.#list.length < this.#limit) this.#list.push({ kind: 'groupEnd' });
    return this.#list;
  }

  #step(c: number, spaced: boolean): void {
    const text = this.#text;
    if (c === 44) {
      this.#at++;
      this.#flush();
    } else if (c === 59) {
      this.#at++;
      this.#flush();
      if (this.#inGroup) this.#list.push({ kind: 'groupEnd' });
      this.#inGroup = false;
    } else if (c === 58 && !this.#inGroup && this.#phrase.address === null && !this.#holdsAt()) {
      this.#at++;
      this.#list.push({ kind: 'groupStart', name: phraseText(this.#phrase, this.#decode) });
      this.#inGroup = true;
      this.#phrase = emptyPhrase();
    } else if (c === 40) {
      const found = comment(text, this.#at);
      this.#at = found.end;
      const said = this.#decode(found.text).trim();
      if (said !== '') this.#phrase.comment ??= said;
    } else if (c === 34) {
      const found = quotedString(text, this.#at);
      this.#at = found.end;
      this.#phrase.words.push({ text: found.text, quoted: true, spaced });
    } else if (c === 60) this.#angle();
    else if (c === 62) this.#at++;
    else this.#word(spaced);
  }

  #holdsAt(): boolean {
    return this.#phrase.words.some((word) => !word.quoted && word.text.includes('@'));
  }

  #word(spaced: boolean): void {
    const text = this.#text;
    const start = this.#at;
    let inLiteral = false;
    let i = start;
    for (; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (c === 91) inLiteral = true;
      else if (c === 93) inLiteral = false;
      // A colon ends a word, except in an address literal such as [IPv6:::1].
      if (c <= 32 || c === 34 || c === 40 || c === 44 || c === 59 || c === 60 || c === 62 || (c === 58 && !inLiteral))
        break;
    }
    // A colon that starts no group is text.
    if (i === start) i++;
    this.#at = i;
    this.#phrase.words.push({ text: text.slice(start, i), quoted: false, spaced });
  }

  /** RFC 5322 §3.4 angle-addr, with §4.4 routes. */
  #angle(): void {
    const text = this.#text;
    let localpart = '';
    let domain: string | null = null;
    const route: string[] = [];
    let i = skipCfws(text, this.#at + 1);
    while (i < text.length) {
      const c = text.charCodeAt(i);
      if (c === 62) break;
      if (c === 60 || (c === 44 && domain === null)) {
        if (localpart !== '') break;
        i = skipCfws(text, i + 1);
        continue;
      }
      if (c === 34 && domain === null) {
        const found = quotedString(text, i);
        localpart += found.text;
        i = skipCfws(text, found.end);
      } else if (c === 64) {
        // The last at sign separates the domain: in a@b@c the first may imitate a victim's address before the attacker's domain.
        if (domain !== null) localpart += `@${domain}`;
        domain = '';
        i = skipCfws(text, i + 1);
      } else if (domain !== null && (c === 58 || c === 44) && localpart === '') {
        // End of a route element (@a,@b:local@domain).
        route.push(`@${domain}`);
        domain = null;
        i = skipCfws(text, i + 1);
      } else {
        const end = plainEnd(text, i, domain !== null);
        if (domain === null) localpart += text.slice(i, end);
        else domain += text.slice(i, end);
        i = skipCfws(text, end);
      }
    }
    this.#at = text.charCodeAt(i) === 62 ? i + 1 : i;
    if (localpart === '' && domain === null) return;
    this.#phrase.address ??= { localpart, domain: domain ?? '', ...(route.length > 0 && { route: route.join(',') }) };
  }

  #flush(): void {
    const phrase = this.#phrase;
    this.#phrase = emptyPhrase();
    if (this.#list.length >= this.#limit) return;
    if (phrase.address !== null) {
      const name = phraseText(phrase, this.#decode);
      this.#list.push({ kind: 'mailbox', name: name === '' ? phrase.comment : name, ...phrase.address });
    } else if (phrase.words.length > 0) this.#list.push(bareMailbox(phrase, this.#decode));
  }
}

function emptyPhrase(): Phrase {
  return { words: [], comment: null, address: null };
}

/** Returns the end of the run of plain characters inside angle brackets; at least one character. */
function plainEnd(text: string, at: number, inDomain: boolean): number {
  let inLiteral = false;
  for (let i = at; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 91 && inDomain) inLiteral = true;
    else if (c === 93) inLiteral = false;
    if (c <= 32 || c === 62 || c === 60 || c === 40 || c === 64 || c === 44) return Math.max(i, at + 1);
    if ((c === 34 && !inDomain) || (c === 58 && inDomain && !inLiteral)) return Math.max(i, at + 1);
  }
  return text.length;
}

function phraseText(phrase: Phrase, decodeName: DecodeName): string {
  let out = '';
  let raw = '';
  // Runs of unquoted words are decoded together: white space between adjacent encoded words is ignored (RFC 2047 §6.2).
  for (const word of phrase.words) {
    const gap = word.spaced && (out !== '' || raw !== '') ? ' ' : '';
    if (word.quoted && !isEncodedWord(word.text)) {
      out += decodeName(raw) + gap + word.text;
      raw = '';
    } else raw += gap + word.text;
  }
  return (out + decodeName(raw)).trim();
}

/** Reports whether a quoted string is an encoded word. RFC 2047 §5 (3) forbids that (MUST NOT), but much software writes it and every reader decodes it. */
function isEncodedWord(text: string): boolean {
  return text.startsWith('=?') && text.endsWith('?=');
}

/** Parses an address without angle brackets: the last words around the `@` are the address, the words before are a name. */
function bareMailbox(phrase: Phrase, decodeName: DecodeName): MailboxEntry {
  const words = phrase.words;
  const atWord = words.findLastIndex((word) => !word.quoted && word.text.includes('@'));
  if (atWord < 0)
    return { kind: 'mailbox', name: phrase.comment, localpart: phraseText(phrase, decodeName), domain: '' };
  let first = atWord;
  let last = atWord;
  // Obsolete blanks around dots and the at sign (RFC 5322 §4.4), and quoted localparts.
  while (first > 0 && joins(words[first - 1], words[first])) first--;
  while (last + 1 < words.length && joins(words[last], words[last + 1])) last++;
  let local = '';
  let domain: string | null = null;
  for (const word of words.slice(first, last + 1)) {
    const at = word.quoted ? -1 : word.text.lastIndexOf('@');
    if (domain !== null) domain += word.text;
    else if (at < 0) local += word.text;
    else {
      local += word.text.slice(0, at);
      domain = word.text.slice(at + 1);
    }
  }
  const name = phraseText({ ...phrase, words: words.slice(0, first) }, decodeName);
  return { kind: 'mailbox', name: name === '' ? phrase.comment : name, localpart: local, domain: domain ?? '' };
}

function joins(left: Phrase['words'][number] | undefined, right: Phrase['words'][number] | undefined): boolean {
  if (left === undefined || right === undefined) return false;
  if (!right.spaced) return true;
  return (!right.quoted && /^[.@]/.test(right.text)) || (!left.quoted && /[.@]$/.test(left.text));
}
