import { encodeBase64Text } from '#lib/codecs';
import type { Canonicalizations } from './canonicalization.ts';
import type { SigningAlgorithm } from './signature.ts';

/** Columns of a line, without its line break (RFC 5322 §2.1.1). */
const maxColumns = 78;

/** Tags of a DKIM-Signature field except `b=`. All in ASCII and without white space. */
export interface SignatureFields {
  readonly algorithm: SigningAlgorithm;
  readonly canonicalizations: Canonicalizations;
  readonly domain: string;
  readonly selector: string;
  /** `i=` in dkim-quoted-printable; null to leave it out. */
  readonly identity: string | null;
  readonly signedAtS: number;
  readonly expiresAtS: number | null;
  readonly headerNames: readonly string[];
  readonly bodyHash: Uint8Array;
}

/** Formats a field with an empty `b=`, without line break: it is signed in this form, and `fillSignature` completes it. */
export function writeUnsigned(fields: SignatureFields): string {
  const line = new FoldedLine('DKIM-Signature:');
  line.word(`v=1;`);
  line.word(`a=${fields.algorithm};`);
  line.word(`c=${fields.canonicalizations.header}/${fields.canonicalizations.body};`);
  line.word(`d=${fields.domain};`);
  line.word(`s=${fields.selector};`);
  if (fields.identity !== null) line.word(`i=${fields.identity};`);
  line.word(`t=${fields.signedAtS};`);
  if (fields.expiresAtS !== null) line.word(`x=${fields.expiresAtS};`);
  const last = fields.headerNames.length - 1;
  fields.headerNames.forEach((name, i) => {
    const piece = `${name}${i === last ? ';' : ':'}`;
    // RFC 6376 §3.5: in h=, folding white space is allowed only beside the colons.
    if (i === 0) line.word(`h=${piece}`);
    else line.piece(piece);
  });
  line.word(`bh=${encodeBase64Text(fields.bodyHash)};`);
  line.word('b=');
  return line.text;
}

/** Returns the complete field with CRLF: `signature` in base64, folded, after the empty `b=` (RFC 6376 §3.5: white space in b= is ignored). */
export function fillSignature(unsigned: string, signature: Uint8Array): string {
  const line = new FoldedLine(unsigned);
  line.characters(encodeBase64Text(signature));
  return `${line.text}\r\n`;
}

/** Text that grows by words and breaks before a word that does not fit its line. A single long word is not broken. */
class FoldedLine {
  text: string;
  #columns: number;

  constructor(start: string) {
    this.text = start;
    this.#columns = start.length - (start.lastIndexOf('\n') + 1);
  }

  /** Adds a word with a space before it. */
  word(word: string): void {
    this.#add(word, ' ');
  }

  /** Adds a word directly after the last one. */
  piece(word: string): void {
    this.#add(word, '');
  }

  /** Adds text that may break anywhere. */
  characters(text: string): void {
    let at = 0;
    while (at < text.length) {
      if (this.#columns >= maxColumns) this.#fold();
      const some = text.slice(at, at + maxColumns - this.#columns);
      this.text += some;
      this.#columns += some.length;
      at += some.length;
    }
  }

  #add(word: string, space: string): void {
    if (this.#columns + space.length + word.length > maxColumns) {
      this.#fold();
      this.text += word;
      this.#columns += word.length;
      return;
    }
    this.text += space + word;
    this.#columns += space.length + word.length;
  }

  #fold(): void {
    this.text += '\r\n ';
    this.#columns = 1;
  }
}
