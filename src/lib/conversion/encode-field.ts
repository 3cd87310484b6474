import {
  decodeEncodedWords,
  encodeWords,
  foldField,
  mailboxesOf,
  parseAddressList,
  parseContentType,
  parseDisposition,
  writeAddresses,
  writeParameters,
  writeUnstructured,
} from '#lib/message';
import { fieldKind } from './field-kind.ts';
import { conversionLimits } from './limits.ts';

const encoder = new TextEncoder();

/** A field to write. */
export interface FieldText {
  /** In its final spelling. */
  readonly rawName: string;
  /** In lower case. */
  readonly name: string;
  /** Unfolded. */
  readonly text: string;
}

/**
 * Encodes a field with text beyond ASCII in ASCII, folded, with CRLF. Returns null when no encoding can express it, such as a localpart
 * beyond ASCII, which needs SMTPUTF8 (RFC 6531 §3.1).
 */
export function encodeField(field: FieldText): string | null {
  const written = writeEncoded(field);
  return written !== null && isAscii(written) && hasShortLines(written) ? written : null;
}

/** Folds a field so that no line exceeds 998 octets (RFC 5322 §2.1.1), without changing its unfolded text if possible. Returns null when it cannot be folded. */
export function refoldField(field: FieldText): string | null {
  const pieces = field.text.match(/[ \t]*[^ \t]+/g) ?? [];
  const folded = foldField(field.rawName, pieces);
  if (hasShortLines(folded)) return folded;
  const written = rewrite(field);
  return written !== null && hasShortLines(written) ? written : null;
}

function writeEncoded(field: FieldText): string | null {
  const { rawName, name, text } = field;
  switch (fieldKind(name)) {
    case 'addresses':
      return encodeAddresses(field);
    case 'parameters':
      return writeParameterField(field);
    case 'phrases':
      return foldField(rawName, encodePhrases(text));
    case 'structured': {
      const encoded = encodeComments(text);
      return isAscii(encoded) ? refoldField({ ...field, text: encoded }) : null;
    }
    default:
      return writeUnstructured(rawName, decodeEncodedWords(text));
  }
}

function encodeAddresses({ rawName, text }: FieldText): string | null {
  const list = parseAddressList(text, { limit: Number.POSITIVE_INFINITY });
  const mailboxes = mailboxesOf(list);
  const isText = mailboxes.some(({ localpart, domain }) => domain === '' && !isAscii(localpart));
  // No address at all, such as "undisclosed recipients" in another language.
  if (isText || list.length === 0) return writeUnstructured(rawName, decodeEncodedWords(text));
  return mailboxes.every(({ localpart }) => isAscii(localpart)) ? writeAddresses(rawName, list) : null;
}

function writeParameterField({ rawName, name, text }: FieldText): string | null {
  if (name === 'content-disposition') {
    const disposition = parseDisposition(text);
    return disposition === null ? null : writeParameters(rawName, disposition.type, disposition.params);
  }
  const type = parseContentType(text);
  return type === null ? null : writeParameters(rawName, `${type.type}/${type.subtype}`, type.params);
}

function encodePhrases(text: string): string[] {
  const phrases = text.split(',').map((phrase) => {
    const plain = decodeEncodedWords(phrase.trim());
    return isAscii(plain) ? phrase.trim() : encodeWords(plain, 60).join(' ');
  });
  return phrases.flatMap((phrase, i) => ` ${phrase}${i === phrases.length - 1 ? '' : ','}`.match(/ [^ ]+/g) ?? []);
}

/** Encodes the text of comments, nested ones as part of the text (RFC 2047 §5 (2)). */
function encodeComments(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\)/gsu, (found) => {
    if (found.startsWith('"') || isAscii(found)) return found;
    const plain = found.slice(1, -1).replace(/\\(.)/gsu, '$1');
    return `(${encodeWords(plain, 60).join(' ')})`;
  });
}

/** Formats a field with a word that is too long for a line in an equivalent form; null when there is none. */
function rewrite(field: FieldText): string | null {
  const { rawName, name, text } = field;
  switch (fieldKind(name)) {
    case 'addresses':
      return writeAddresses(rawName, parseAddressList(text, { limit: Number.POSITIVE_INFINITY }), { smtputf8: true });
    case 'parameters':
      return writeParameterField(field);
    case 'structured': {
      // Message-IDs without spaces between.
      const spaced = text.replace(/></g, '> <');
      return spaced === text ? null : foldField(rawName, spaced.match(/[ \t]*[^ \t]+/g) ?? []);
    }
    default:
      return writeUnstructured(rawName, decodeEncodedWords(text));
  }
}

function isAscii(text: string): boolean {
  return !/[^\0-\x7f]/.test(text);
}

function hasShortLines(field: string): boolean {
  return field.split('\r\n').every((line) => encoder.encode(line).length <= conversionLimits.maxLineBytes);
}
