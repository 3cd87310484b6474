import { DescriptionDamaged } from '#lib/message-description';
import type { Disposition, Envelope, Parameter, Part, Spelling } from '#lib/mime';

/** An envelope with its subject decoded and as written. */
type OldEnvelope = Envelope & { readonly rawSubject: string | null };

/** A part as messages have it that were stored before there were descriptions: members at their defaults are left out. */
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
  readonly r?: { readonly e: OldEnvelope; readonly p: PackedPart };
}

/**
 * Returns the part tree of a message that was stored before there were descriptions, as JSON, with all offsets moved by `shift`: the length of the prefix, which
 * belongs to the header of the whole message. Nested messages move with it. @throws DescriptionDamaged.
 */
export function readOldStructure(text: string, shift: number): Part {
  let root: Part;
  try {
    root = unpacked(JSON.parse(text) as PackedPart, shift);
  } catch (cause) {
    throw new DescriptionDamaged('the stored structure of the message is damaged', { cause });
  }
  return { ...root, headerStart: 0 };
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
    message: part.r === undefined ? null : { envelope: unpackedEnvelope(part.r.e), root: unpacked(part.r.p, shift) },
  };
}

function unpackedEnvelope({ rawSubject, ...envelope }: OldEnvelope): Envelope {
  return { ...envelope, subject: rawSubject };
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
