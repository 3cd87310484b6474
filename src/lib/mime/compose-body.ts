import { Base64Encoder, encodeQuotedPrintable } from '#lib/codecs';
import type { Disposition, Parameter } from '#lib/message';
import type { Attachment, Composition } from './composition.ts';
import { writeFlowed } from './flowed.ts';

const encoder = new TextEncoder();
/** Number of bytes encoded at a time, a multiple of the 57 that fill a base64 line (RFC 2045 §6.8: 76 characters). */
const sliceBytes = 57 * 1024;

/** A part to be written. */
export type Node =
  | {
      readonly kind: 'leaf';
      readonly type: string;
      readonly params: readonly Parameter[];
      readonly encoding: '7bit' | '8bit' | 'quoted-printable' | 'base64';
      readonly disposition: Disposition | null;
      readonly contentId: string | null;
      /** The encoded body. */
      readonly body: () => Iterable<Uint8Array>;
    }
  | {
      readonly kind: 'multipart';
      readonly type: string;
      readonly params: readonly Parameter[];
      readonly boundary: string;
      readonly children: readonly Node[];
    };

/** Returns the part tree of a composition, without levels that would hold only one part. An empty composition is an empty text. */
export function bodyTree(composition: Composition): Node {
  const { text, html, boundary } = composition;
  const attachments = composition.attachments ?? [];
  const inline = html === undefined ? [] : attachments.filter((file) => file.inline);
  const beside = attachments.filter((file) => !inline.includes(file));
  const versions: Node[] = [];
  if (text !== undefined || (html === undefined && beside.length === 0)) {
    versions.push(textLeaf('text/plain', writeFlowed(text ?? ''), [{ name: 'format', value: 'flowed' }]));
  }
  if (html !== undefined) versions.push(textLeaf('text/html', html.replace(/\r\n|\r|\n/g, '\r\n'), []));
  // RFC 2046 §5.1.4: alternatives in increasing order of faithfulness, so HTML after text.
  const body = versions.length === 0 ? [] : [multipart('alternative', versions, boundary)];
  const related = inline.length === 0 ? body : [multipart('related', [...body, ...inline.map(fileLeaf)], boundary)];
  return multipart('mixed', [...related, ...beside.map(fileLeaf)], boundary);
}

function multipart(subtype: string, children: readonly Node[], boundary: () => string): Node {
  const [first] = children;
  if (first !== undefined && children.length === 1) return first;
  const name = boundary();
  const params = [{ name: 'boundary', value: name }];
  // RFC 2387 §3.1: the type parameter names the type of the root part.
  if (subtype === 'related' && first !== undefined) params.push({ name: 'type', value: first.type });
  return { kind: 'multipart', type: `multipart/${subtype}`, params, boundary: name, children };
}

function textLeaf(type: string, text: string, extra: readonly Parameter[]): Node {
  const bytes = encoder.encode(text);
  const shape = shapeOf(bytes);
  const encoding = shape.is7bit ? '7bit' : shape.specials * 4 > bytes.length ? 'base64' : 'quoted-printable';
  return {
    kind: 'leaf',
    type,
    params: [{ name: 'charset', value: shape.isAscii ? 'us-ascii' : 'utf-8' }, ...extra],
    encoding,
    disposition: null,
    contentId: null,
    body: () => {
      if (encoding === '7bit') return [bytes];
      return encoding === 'base64' ? base64(bytes) : [encodeQuotedPrintable(bytes, 'text')];
    },
  };
}

function fileLeaf(file: Attachment): Node {
  const names: Parameter[] = file.filename === null ? [] : [{ name: 'filename', value: file.filename }];
  // RFC 2046 §5.2.1: only 7bit, 8bit and binary are permitted for message/rfc822, so bytes over 127 make it 8bit.
  const isMessage = /^message\/(?:rfc822|global)$/i.test(file.type);
  const encoding = isMessage ? (shapeOf(file.content).isAscii ? '7bit' : '8bit') : 'base64';
  return {
    kind: 'leaf',
    type: /^[\w!#$&^+.-]+\/[\w!#$&^+.-]+$/.test(file.type) ? file.type : 'application/octet-stream',
    params: file.filename === null || isMessage ? [] : [{ name: 'name', value: file.filename }],
    encoding,
    disposition: { type: file.inline ? 'inline' : 'attachment', params: names },
    contentId: file.contentId,
    body: () => (isMessage ? [file.content] : base64(file.content)),
  };
}

function* base64(bytes: Uint8Array): Generator<Uint8Array> {
  const codec = new Base64Encoder();
  for (let at = 0; at < bytes.length; at += sliceBytes) yield codec.push(bytes.subarray(at, at + sliceBytes));
  yield codec.finish();
}

/** Returns the properties that decide the transfer encoding. RFC 2045 §2.7: 7bit data has lines of at most 998 bytes, no NUL, and CR and LF only as pairs. */
function shapeOf(bytes: Uint8Array): { is7bit: boolean; isAscii: boolean; specials: number } {
  let specials = 0;
  let isShort = true;
  let hasControls = false;
  let lineStart = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte > 127) specials++;
    else if (byte === 10) {
      if (bytes[i - 1] !== 13) hasControls = true;
      if (i - 1 - lineStart > 998) isShort = false;
      lineStart = i + 1;
    } else if (byte === 0 || (byte === 13 && bytes[i + 1] !== 10)) hasControls = true;
  }
  if (bytes.length - lineStart > 998) isShort = false;
  return { is7bit: specials === 0 && isShort && !hasControls, isAscii: specials === 0, specials };
}
