import type { Disposition, Parameter, Part, Spelling } from '#lib/mime';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { DescriptionDamaged } from './damaged.ts';
import { readEnvelope, writeEnvelope } from './envelope-codec.ts';

/** Members that a part has (RFC 2045 §5.1, §6.1, §7, §8), as bits; the others are at their defaults. Stored: a bit never changes its meaning. */
const Has = {
  Type: 1,
  Params: 2,
  Encoding: 4,
  Spelling: 8,
  Id: 16,
  Description: 32,
  Md5: 64,
  Disposition: 128,
  Language: 256,
  Location: 512,
  Parts: 1024,
  Message: 2048,
} as const;
const allBits = 4095;

/** Adds a part with what is inside it. Offsets are kept as distances, `base` is where the part cannot begin before. */
export function writePart(writer: ByteWriter, part: Part, base: number): void {
  const { headerStart, bodyStart, end, parts, message } = part;
  writer
    .number(membersOf(part))
    .number(headerStart - base)
    .number(bodyStart - headerStart)
    .number(end - bodyStart)
    .number(part.bodyLines);
  if (part.type !== 'text' || part.subtype !== 'plain') writer.text(part.type).text(part.subtype);
  if (part.params.length > 0) writeParameters(writer, part.params);
  if (part.encoding !== '7bit') writer.text(part.encoding);
  if (part.spelling !== null) writeSpelling(writer, part.spelling);
  for (const text of [part.id, part.description, part.md5]) if (text !== null) writer.text(text);
  if (part.disposition !== null) {
    writer.text(part.disposition.type);
    writeParameters(writer, part.disposition.params);
  }
  if (part.language.length > 0) {
    writer.number(part.language.length);
    for (const tag of part.language) writer.text(tag);
  }
  if (part.location !== null) writer.text(part.location);
  if (parts.length > 0) {
    writer.number(parts.length);
    let before = bodyStart;
    for (const child of parts) {
      writePart(writer, child, before);
      before = child.end;
    }
  }
  if (message === null) return;
  writeEnvelope(writer, message.envelope);
  writePart(writer, message.root, bodyStart);
}

function membersOf(part: Part): number {
  return (
    (part.type !== 'text' || part.subtype !== 'plain' ? Has.Type : 0) |
    (part.params.length > 0 ? Has.Params : 0) |
    (part.encoding !== '7bit' ? Has.Encoding : 0) |
    (part.spelling !== null ? Has.Spelling : 0) |
    (part.id !== null ? Has.Id : 0) |
    (part.description !== null ? Has.Description : 0) |
    (part.md5 !== null ? Has.Md5 : 0) |
    (part.disposition !== null ? Has.Disposition : 0) |
    (part.language.length > 0 ? Has.Language : 0) |
    (part.location !== null ? Has.Location : 0) |
    (part.parts.length > 0 ? Has.Parts : 0) |
    (part.message !== null ? Has.Message : 0)
  );
}

/**
 * Reads what `writePart` wrote.
 * @param shift  Added to every offset.
 * @param depth  Levels that may still follow.
 * @throws DescriptionDamaged.
 */
export function readPart(reader: ByteReader, base: number, shift: number, depth: number): Part {
  if (depth === 0) throw new DescriptionDamaged('the parts of a description are nested too deeply');
  const has = reader.number();
  if (has > allBits) throw new DescriptionDamaged('a part of a description has unknown members');
  const headerStart = base + reader.number();
  const bodyStart = headerStart + reader.number();
  const end = bodyStart + reader.number();
  const inside = { base: bodyStart, shift, depth: depth - 1 };
  const isTyped = (has & Has.Type) !== 0;
  // In the order in which they were written.
  return {
    headerStart: headerStart + shift,
    bodyStart: bodyStart + shift,
    end: end + shift,
    bodyLines: reader.number(),
    type: isTyped ? reader.text() : 'text',
    subtype: isTyped ? reader.text() : 'plain',
    params: (has & Has.Params) === 0 ? [] : readParameters(reader),
    encoding: (has & Has.Encoding) === 0 ? '7bit' : reader.text(),
    spelling: (has & Has.Spelling) === 0 ? null : readSpelling(reader),
    id: (has & Has.Id) === 0 ? null : reader.text(),
    description: (has & Has.Description) === 0 ? null : reader.text(),
    md5: (has & Has.Md5) === 0 ? null : reader.text(),
    disposition: (has & Has.Disposition) === 0 ? null : readDisposition(reader),
    language: (has & Has.Language) === 0 ? [] : Array.from({ length: reader.count() }, () => reader.text()),
    location: (has & Has.Location) === 0 ? null : reader.text(),
    parts: (has & Has.Parts) === 0 ? [] : readParts(reader, inside),
    message: (has & Has.Message) === 0 ? null : { envelope: readEnvelope(reader), root: readInside(reader, inside) },
  };
}

interface Inside {
  readonly base: number;
  readonly shift: number;
  readonly depth: number;
}

function readInside(reader: ByteReader, { base, shift, depth }: Inside): Part {
  return readPart(reader, base, shift, depth);
}

function readParts(reader: ByteReader, { base, shift, depth }: Inside): Part[] {
  let before = base;
  return Array.from({ length: reader.count() }, () => {
    const part = readPart(reader, before, shift, depth);
    before = part.end - shift;
    return part;
  });
}

function writeParameters(writer: ByteWriter, params: readonly Parameter[]): void {
  writer.number(params.length);
  for (const { name, value } of params) writer.text(name).text(value);
}

function readParameters(reader: ByteReader): Parameter[] {
  return Array.from({ length: reader.count() }, () => ({ name: reader.text(), value: reader.text() }));
}

function writeSpelling(writer: ByteWriter, { type, subtype, encoding, disposition }: Spelling): void {
  writer.text(type).text(subtype).text(encoding).text(disposition);
}

function readSpelling(reader: ByteReader): Spelling {
  return {
    type: reader.text(),
    subtype: reader.text(),
    encoding: reader.text(),
    disposition: reader.nullableText(),
  };
}

function readDisposition(reader: ByteReader): Disposition {
  return { type: reader.text(), params: readParameters(reader) };
}
