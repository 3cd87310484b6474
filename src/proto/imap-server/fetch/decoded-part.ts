import { Base64Decoder, type Decoder, QuotedPrintableDecoder } from '#lib/codecs';
import type { Part } from '#lib/mime';
import { No } from '../refusal.ts';
import type { MessageContent } from '../selected-mailbox.ts';

const chunkBytes = 128 * 1024;

/**
 * A part's body without its transfer encoding, for BINARY (RFC 3516 §4.3).
 * @throws No UNKNOWN-CTE for encodings nobody knows, LIMIT for parts larger than `maxBytes`.
 */
export async function decodedPart(content: MessageContent, part: Part, maxBytes: number): Promise<Uint8Array> {
  if (part.end - part.bodyStart > maxBytes) throw new No('LIMIT', 'the part is too large to decode here');
  const decoder = decoderOf(part);
  if (decoder === null) return content.bytes(part.bodyStart, part.end);
  const pieces: Uint8Array[] = [];
  for await (const piece of decodedPieces(content, part, decoder)) pieces.push(piece);
  const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let to = 0;
  for (const piece of pieces) {
    whole.set(piece, to);
    to += piece.length;
  }
  return whole;
}

/** Bytes that `decodedPart` has, without keeping them, for BINARY.SIZE (RFC 3516 §4.3). @throws No as `decodedPart` does. */
export async function decodedSizeBytes(content: MessageContent, part: Part, maxBytes: number): Promise<number> {
  const decoder = decoderOf(part);
  if (decoder === null) return part.end - part.bodyStart;
  if (part.end - part.bodyStart > maxBytes) throw new No('LIMIT', 'the part is too large to decode here');
  let size = 0;
  for await (const piece of decodedPieces(content, part, decoder)) size += piece.length;
  return size;
}

async function* decodedPieces(content: MessageContent, part: Part, decoder: Decoder): AsyncGenerator<Uint8Array> {
  for (let at = part.bodyStart; at < part.end; at += chunkBytes) {
    yield decoder.push(await content.bytes(at, Math.min(at + chunkBytes, part.end)));
  }
  yield decoder.finish();
}

function decoderOf(part: Part): Decoder | null {
  // RFC 2045 §6.4: multiparts have no encoding of their own.
  if (part.type === 'multipart' || part.message !== null) return null;
  switch (part.encoding) {
    case '7bit':
    case '8bit':
    case 'binary':
      return null;
    case 'base64':
      return new Base64Decoder();
    case 'quoted-printable':
      return new QuotedPrintableDecoder();
    default:
      throw new No('UNKNOWN-CTE', 'the part has an unknown transfer encoding');
  }
}
