import { findParameter } from '#lib/message';
import type { Envelope, Parameter, Part } from '#lib/mime';
import { TextWriter } from './text-writer.ts';
import { putEnvelope } from './write-envelope.ts';

/** Options of writing a structure. */
export interface BodyStructureOptions {
  /** BODYSTRUCTURE with extension data; false for BODY. */
  readonly extended: boolean;
}

const noEnvelope: Envelope = {
  date: null,
  subject: null,
  from: null,
  sender: null,
  replyTo: null,
  to: null,
  cc: null,
  bcc: null,
  inReplyTo: null,
  messageId: null,
};

/**
 * Formats BODY or BODYSTRUCTURE of a FETCH response (RFC 9051 §7.5.2), an `octetText` of #lib/charset. Sizes are those of the stored bodies:
 * in their transfer encoding (RFC 9051 §7.5.2). Values are those of the message, unfolded; octets outside ASCII are sent as literals,
 * which every client can read (RFC 3501 §9, literal).
 */
export function writeBodyStructure(part: Part, options: BodyStructureOptions): string {
  const writer = new TextWriter();
  putPart(writer, part, options);
  return writer.text;
}

/** Writes a BODY or BODYSTRUCTURE, as `writeBodyStructure` does. */
export function putPart(writer: TextWriter, part: Part, options: BodyStructureOptions): void {
  if (part.type === 'multipart') putMultipart(writer, part, options);
  else putSinglePart(writer, part, options);
}

function putMultipart(writer: TextWriter, part: Part, options: BodyStructureOptions): void {
  writer.ascii('(');
  for (const child of part.parts) putPart(writer, child, options);
  // RFC 9051 §9, body-type-mpart: there is at least one. Trees of earlier versions may have none.
  if (part.parts.length === 0) putEmptyText(writer, options);
  writer.ascii(' ').quoted(part.spelling?.subtype ?? part.subtype);
  if (options.extended) {
    writer.ascii(' ');
    putParameters(writer, part.params);
    putExtension(writer, part);
  }
  writer.ascii(')');
}

function putSinglePart(writer: TextWriter, part: Part, options: BodyStructureOptions): void {
  const { type, subtype, encoding } = part.spelling ?? part;
  writer.ascii('(').quoted(type).ascii(' ').quoted(subtype).ascii(' ');
  putParameters(writer, singlePartParameters(part));
  writer
    .ascii(' ')
    .nstring(part.id)
    .ascii(' ')
    .nstring(part.description)
    .ascii(' ')
    .quoted(encoding)
    .ascii(' ')
    .number(part.end - part.bodyStart);
  const isMessage = part.type === 'message' && (part.subtype === 'rfc822' || part.subtype === 'global');
  if (isMessage) {
    writer.ascii(' ');
    putEnvelope(writer, part.message?.envelope ?? noEnvelope);
    writer.ascii(' ');
    if (part.message === null) putEmptyText(writer, options);
    else putPart(writer, part.message.root, options);
  }
  // RFC 9051 §7.5.2: the size in text lines, after the size of a text and after the structure of a message.
  if (isMessage || part.type === 'text') writer.ascii(' ').number(part.bodyLines);
  if (options.extended) {
    writer.ascii(' ').nstring(part.md5);
    putExtension(writer, part);
  }
  writer.ascii(')');
}

function putEmptyText(writer: TextWriter, options: BodyStructureOptions): void {
  const body = '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0';
  writer.ascii(body).ascii(options.extended ? ' NIL NIL NIL NIL)' : ')');
}

const usAscii: readonly Parameter[] = [{ name: 'charset', value: 'us-ascii' }];

/** Returns the parameters of a part, with the default charset for plain text that names none (RFC 2045 §5.2, RFC 2046 §4.1.2). */
function singlePartParameters({ type, subtype, params }: Part): readonly Parameter[] {
  if (type !== 'text' || subtype !== 'plain' || findParameter(params, 'charset') !== null) return params;
  return params.length === 0 ? usAscii : [...params, ...usAscii];
}

/** Writes the extension data common to all parts: disposition, language, location (RFC 9051 §9, body-ext-1part), each after a space. */
function putExtension(writer: TextWriter, part: Part): void {
  const { disposition, language } = part;
  if (disposition === null) writer.ascii(' NIL');
  else {
    writer
      .ascii(' (')
      .quoted(part.spelling?.disposition ?? disposition.type)
      .ascii(' ');
    putParameters(writer, disposition.params);
    writer.ascii(')');
  }
  if (language.length === 0) writer.ascii(' NIL');
  else {
    language.forEach((tag, i) => writer.ascii(i === 0 ? ' (' : ' ').quoted(tag));
    writer.ascii(')');
  }
  writer.ascii(' ').nstring(part.location);
}

function putParameters(writer: TextWriter, params: readonly Parameter[]): void {
  if (params.length === 0) {
    writer.ascii('NIL');
    return;
  }
  params.forEach(({ name, value }, i) => {
    writer
      .ascii(i === 0 ? '(' : ' ')
      .quoted(name)
      .ascii(' ')
      .quoted(value);
  });
  writer.ascii(')');
}
