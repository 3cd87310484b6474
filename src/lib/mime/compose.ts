import { foldField, writeAddresses, writeDate, writeParameters, writeUnstructured } from '#lib/message';
import type { WriteOptions } from '#lib/message';
import { bodyTree } from './compose-body.ts';
import type { Node } from './compose-body.ts';
import type { Composition } from './composition.ts';

const encoder = new TextEncoder();

/**
 * Writes a message: mixed( related( alternative( text, html ), inline files ), attached files ) without levels that hold only one
 * part. Text is format=flowed (RFC 3676 §4.2). The transfer encoding of each part is the first of 7bit, quoted-printable and base64 that
 * fits. Lines end with CRLF and have at most 998 bytes (RFC 5322 §2.1.1), except in message/rfc822 attachments, which are not changed.
 * @throws RangeError for an invalid header name.
 */
export function composeMessage(composition: Composition): Uint8Array {
  const chunks = [...composeChunks(composition)];
  const all = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** Yields the message of `composeMessage` in pieces, so that a large message is not held twice. */
function* composeChunks(composition: Composition): Generator<Uint8Array> {
  const options: WriteOptions = { smtputf8: composition.smtputf8 === true };
  // RFC 2045 §4: MIME-Version is required at the top level of a message.
  yield encoder.encode(`${header(composition, options)}MIME-Version: 1.0\r\n`);
  yield* writeNode(bodyTree(composition), options);
}

function header(composition: Composition, options: WriteOptions): string {
  let out = writeAddresses('From', composition.from, options);
  for (const [name, list] of [
    ['To', composition.to],
    ['Cc', composition.cc],
    ['Reply-To', composition.replyTo],
  ] as const) {
    if (list !== undefined && list.length > 0) out += writeAddresses(name, list, options);
  }
  if (composition.subject !== undefined) out += writeUnstructured('Subject', composition.subject, options);
  out += `Date: ${writeDate(composition.date.ms, composition.date.offsetMinutes)}\r\n`;
  out += identifiers('Message-ID', [composition.messageId]);
  if (composition.inReplyTo !== undefined) out += identifiers('In-Reply-To', [composition.inReplyTo]);
  if (composition.references !== undefined && composition.references.length > 0) {
    out += identifiers('References', composition.references);
  }
  for (const field of composition.headers ?? []) {
    // RFC 5322 §2.2: printable ASCII without colon.
    if (!/^[!-9;-~]+$/.test(field.name)) throw new RangeError(`bad header name ${JSON.stringify(field.name)}`);
    // RFC 5322 §3.6.3: Bcc is removed, so that no recipient sees it.
    if (field.name.toLowerCase() !== 'bcc') out += writeUnstructured(field.name, field.value, options);
  }
  return out;
}

/** Formats a field of message identifiers (RFC 5322 §3.6.4), which are never encoded. Removes control characters, which could end the field. */
function identifiers(name: string, ids: readonly string[]): string {
  return foldField(
    name,
    ids.map((id) => ` ${id.replace(/[\p{Cc}\s]/gu, '')}`),
  );
}

function* writeNode(node: Node, options: WriteOptions): Generator<Uint8Array> {
  let head = writeParameters('Content-Type', node.type, node.params, options);
  if (node.kind === 'leaf') {
    head += `Content-Transfer-Encoding: ${node.encoding}\r\n`;
    if (node.disposition !== null) {
      head += writeParameters('Content-Disposition', node.disposition.type, node.disposition.params, options);
    }
    if (node.contentId !== null) head += identifiers('Content-ID', [`<${node.contentId}>`]);
    yield encoder.encode(`${head}\r\n`);
    yield* node.body();
    return;
  }
  yield encoder.encode(`${head}\r\n`);
  for (const child of node.children) {
    yield encoder.encode(`--${node.boundary}\r\n`);
    yield* writeNode(child, options);
    // The line break before a boundary belongs to it (RFC 2046 §5.1.1).
    yield encoder.encode('\r\n');
  }
  yield encoder.encode(`--${node.boundary}--\r\n`);
}
