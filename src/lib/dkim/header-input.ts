import { HeaderField } from '#lib/message';
import { canonicalField } from './canonical-field.ts';
import type { Canonicalization } from './canonicalization.ts';
import type { Tag } from './tag-list.ts';

/** The fields of one header by lower-case name, to be signed or verified from the bottom up (RFC 6376 §5.4.2). */
export class FieldsByName {
  readonly #fields = new Map<string, HeaderField[]>();

  constructor(fields: readonly HeaderField[]) {
    for (const field of fields) {
      const same = this.#fields.get(field.name);
      if (same === undefined) this.#fields.set(field.name, [field]);
      else same.push(field);
    }
    this.#fields.delete('');
  }

  /** Counts the fields of this name. */
  count(name: string): number {
    return this.#fields.get(name)?.length ?? 0;
  }

  /** Returns the fields that `h=` names, in its order; each mention takes the next one from the bottom. A name without a field left is the null input (RFC 6376 §3.5). */
  select(names: readonly string[], except: HeaderField | null): HeaderField[] {
    const taken = new Map<string, number>();
    const selected: HeaderField[] = [];
    for (const name of names) {
      const same = this.#fields.get(name);
      if (same === undefined) continue;
      let at = taken.get(name) ?? same.length - 1;
      if (same[at] === except) at--;
      const field = same[at];
      if (field !== undefined) selected.push(field);
      taken.set(name, at - 1);
    }
    return selected;
  }
}

/**
 * Returns the signed data of the header: the selected fields and the DKIM-Signature field itself, canonical, with an empty `b=` and without
 * a line break at the end (RFC 6376 §3.7).
 */
export function headerInput(
  selected: readonly HeaderField[],
  signatureField: HeaderField,
  kind: Canonicalization,
): Uint8Array {
  const last = canonicalField(signatureField, kind);
  const pieces = [...selected.map((field) => canonicalField(field, kind)), last.subarray(0, last.length - 2)];
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

/** Returns the field without the value of its `b=`, including white space around it (RFC 6376 §3.7: treated as the empty string). */
export function withoutSignatureValue(field: HeaderField, tag: Tag): HeaderField {
  const bytes = new Uint8Array(field.end - field.start - (tag.end - tag.start));
  bytes.set(field.bytes.subarray(field.start, tag.start));
  bytes.set(field.bytes.subarray(tag.end, field.end), tag.start - field.start);
  return new HeaderField(bytes, field.name, 0, field.valueStart - field.start, bytes.length);
}
