import type { Disposition, Envelope, Parameter, Part, Spelling } from '#lib/mime';

/** A part as JSON keeps it: members at their defaults are left out. Stored in databases: a letter never changes its meaning. */
interface PackedPart {
  /** headerStart, bodyStart, end, bodyLines. */
  readonly o: readonly [number, number, number, number];
  readonly t?: string;
  readonly s?: string;
  readonly p?: readonly (readonly [string, string])[];
  readonly e?: string;
  readonly n?: readonly [type: string, subtype: string, encoding: string, disposition: string | null];
  readonly i?: string;
  readonly d?: string;
  readonly m?: string;
  readonly x?: readonly [string, ...(readonly (readonly [string, string])[])];
  readonly g?: readonly string[];
  readonly l?: string;
  readonly c?: readonly PackedPart[];
  readonly r?: { readonly e: Envelope; readonly p: PackedPart };
}

/** The part tree as JSON text for a row. */
export function packPart(root: Part): string {
  return JSON.stringify(packed(root));
}

/** A stored part tree that cannot be read: the row was damaged after it was written. */
export class PartDamaged extends Error {
  override readonly name = 'PartDamaged';
}

/** The part tree of a row, with all offsets moved by `shift`: the length of the prefix. Nested messages move with it. @throws PartDamaged. */
export function unpackPart(text: string, shift: number): Part {
  let root: Part;
  try {
    root = unpacked(JSON.parse(text) as PackedPart, shift);
  } catch (cause) {
    throw new PartDamaged('the stored structure of the message is damaged', { cause });
  }
  // The prefix belongs to the header of the whole message.
  return { ...root, headerStart: 0 };
}

function packed(part: Part): PackedPart {
  const { parts, message, disposition, spelling } = part;
  return {
    o: [part.headerStart, part.bodyStart, part.end, part.bodyLines],
    ...(part.type !== 'text' && { t: part.type }),
    ...(part.subtype !== 'plain' && { s: part.subtype }),
    ...(part.params.length > 0 && { p: packedParameters(part.params) }),
    ...(part.encoding !== '7bit' && { e: part.encoding }),
    ...(spelling !== null && {
      n: [spelling.type, spelling.subtype, spelling.encoding, spelling.disposition] as const,
    }),
    ...(part.id !== null && { i: part.id }),
    ...(part.description !== null && { d: part.description }),
    ...(part.md5 !== null && { m: part.md5 }),
    ...(disposition !== null && { x: [disposition.type, ...packedParameters(disposition.params)] as const }),
    ...(part.language.length > 0 && { g: part.language }),
    ...(part.location !== null && { l: part.location }),
    ...(parts.length > 0 && { c: parts.map(packed) }),
    ...(message !== null && { r: { e: message.envelope, p: packed(message.root) } }),
  };
}

function packedParameters(params: readonly Parameter[]): (readonly [string, string])[] {
  return params.map(({ name, value }) => [name, value]);
}

function unpacked(part: PackedPart, shift: number): Part {
  const [headerStart, bodyStart, end, bodyLines] = part.o;
  return {
    headerStart: headerStart + shift,
    bodyStart: bodyStart + shift,
    end: end + shift,
    bodyLines,
    type: part.t ?? 'text',
    subtype: part.s ?? 'plain',
    params: unpackedParameters(part.p ?? []),
    encoding: part.e ?? '7bit',
    spelling: part.n === undefined ? null : unpackedSpelling(part.n),
    id: part.i ?? null,
    description: part.d ?? null,
    md5: part.m ?? null,
    disposition: part.x === undefined ? null : unpackedDisposition(part.x),
    language: part.g ?? [],
    location: part.l ?? null,
    parts: (part.c ?? []).map((child) => unpacked(child, shift)),
    message: part.r === undefined ? null : { envelope: part.r.e, root: unpacked(part.r.p, shift) },
  };
}

function unpackedSpelling([type, subtype, encoding, disposition]: NonNullable<PackedPart['n']>): Spelling {
  return { type, subtype, encoding, disposition };
}

function unpackedDisposition([type, ...params]: NonNullable<PackedPart['x']>): Disposition {
  return { type, params: unpackedParameters(params) };
}

function unpackedParameters(params: readonly (readonly [string, string])[]): Parameter[] {
  return params.map(([name, value]) => ({ name, value }));
}
