import { Base64Encoder, QuotedPrintableEncoder, type Encoder } from '#lib/codecs';
import { foldField, writeParameters, type Disposition } from '#lib/message';
import type { WrittenEncoding } from './body-shape.ts';
import type { ComposedLeaf, ComposedPart, PartHead } from './composition.ts';

const encoder = new TextEncoder();
const nothing = new Uint8Array(0);
const identity: Encoder = { push: (chunk) => chunk, finish: () => nothing };

/**
 * Yields a message piece by piece: bytes as they are, and leaves whose bytes, encoded as `encodeBody` does, belong in that place, so that no
 * body has to be in memory.
 * @param fields  Fields of the message's header, each with CRLF; those of MIME are added.
 */
export function* composeMessage<Source>(
  fields: string,
  root: ComposedPart<Source>,
): Generator<Uint8Array | ComposedLeaf<Source>> {
  // RFC 2045 §4: MIME-Version is required at the top level of a message.
  yield encoder.encode(`${fields}MIME-Version: 1.0\r\n`);
  yield* writePart(root);
}

/** Returns an encoder for the body of a leaf. @param isText  CRLF is a line break, not data (RFC 2045 §6.7 (4)). */
export function encodeBody(encoding: WrittenEncoding, isText: boolean): Encoder {
  switch (encoding) {
    case 'base64':
      return new Base64Encoder();
    case 'quoted-printable':
      return new QuotedPrintableEncoder(isText ? 'text' : 'binary');
    case '7bit':
    case '8bit':
      return identity;
  }
}

function* writePart<Source>(part: ComposedPart<Source>): Generator<Uint8Array | ComposedLeaf<Source>> {
  if (part.kind === 'leaf') {
    yield encoder.encode(`${writeHead(part.head)}Content-Transfer-Encoding: ${part.encoding}\r\n\r\n`);
    yield part;
    return;
  }
  const { head, boundary, parts } = part;
  // RFC 2387 §3.1: the type parameter of multipart/related names the type of its root.
  const first = parts[0]?.head.type;
  const isTyped = head.type !== 'multipart/related' || head.params.some(({ name }) => name.toLowerCase() === 'type');
  const params = [
    { name: 'boundary', value: boundary },
    ...(isTyped || first === undefined ? [] : [{ name: 'type', value: first }]),
    ...head.params,
  ];
  yield encoder.encode(`${writeHead({ ...head, params })}\r\n`);
  for (const child of parts) {
    yield encoder.encode(`--${boundary}\r\n`);
    yield* writePart(child);
    // The line break before a boundary belongs to it (RFC 2046 §5.1.1).
    yield encoder.encode('\r\n');
  }
  yield encoder.encode(`--${boundary}--\r\n`);
}

function writeHead({ type, params, disposition, contentId, language, location, fields }: PartHead): string {
  let out = writeParameters('Content-Type', type, params);
  if (disposition !== null) out += writeDisposition(disposition);
  if (contentId !== null) out += foldField('Content-ID', [` <${contentId}>`]);
  if (language.length > 0)
    out += foldField(
      'Content-Language',
      language.map((tag, i) => ` ${tag}${i < language.length - 1 ? ',' : ''}`),
    );
  if (location !== null) out += foldField('Content-Location', [` ${location}`]);
  return out + fields;
}

function writeDisposition({ type, params }: Disposition): string {
  return writeParameters('Content-Disposition', type, params);
}
