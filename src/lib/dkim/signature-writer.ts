import { encodeBase64Text } from '#lib/codecs';
import type { Canonicalizations } from './canonicalization.ts';
import type { SigningAlgorithm } from './signature.ts';

/** Columns of a line, without its line break (RFC 5322 §2.1.1). */
const maxColumns = 78;

/** All of a DKIM-Signature field but `b=`. Everything in ASCII and without white space. */
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

/** A field whose `b=` is still empty, without line break: what is signed, and what `fillSignature` completes. */
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
    // RFC 6376 §3.5: white space is allowed beside the colons, and nowhere else in h=.
    if (i === 0) line.word(`h=${piece}`);
    else line.piece(piece);
  });
  line.word(`bh=${encodeBase64Text(fields.bodyHash)};`);
  line.word('b=');
  return line.text;
}

/** The complete field with CRLF: `signature` in base64, folded, after the empty `b=`. */
export function fillSignature(unsigned: string, signature: Uint8Array): string {
  const line = new FoldedLine(unsigned);
  line.characters(encodeBase64Text(signature));
  return `${line.text}\r\n`;
}

/** Text that grows by words and breaks before the word that would be too long for its line. A single long word stays whole. */
class FoldedLine {
  text: string;
  #columns: number;

  constructor(start: string) {
    this.text = start;
    this.#columns = start.length - (start.lastIndexOf('\n') + 1);
  }

  /** A word with a space before it. */
  word(word: string): void {
    this.#add(word, ' ');
  }

  /** A word that may stand directly behind the last one. */
  piece(word: string): void {
    this.#add(word, '');
  }

  /** Text that may break anywhere. */
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
