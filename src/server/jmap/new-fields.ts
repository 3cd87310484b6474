import type { JsonValue } from '#lib/jmap';
import type { HeaderProperty } from './header-property.ts';
import { BadHeader, writeHeaderField } from './header-value.ts';
import type { InvalidProperties } from './invalid-properties.ts';

/** Header fields that a client gives a new email or one of its parts. No field comes from two properties (RFC 8621 §4.6). */
export class NewFields {
  readonly #invalid: InvalidProperties;
  /** Text of each field with CRLF, empty when it is left out, by its name in lower case. */
  readonly #fields = new Map<string, string>();

  constructor(invalid: InvalidProperties) {
    this.#invalid = invalid;
  }

  /** Adds the field, or fields, of a property. Null, and empty lists of parsed forms, leave a field out. */
  add(path: string, { name, field, form, isAll }: HeaderProperty, value: JsonValue): void {
    if (this.#fields.has(field)) {
      this.#invalid.add(path, 'another property stands for the same header field');
      return;
    }
    this.#fields.set(field, '');
    if (isAll && !Array.isArray(value)) {
      if (value !== null) this.#invalid.add(path, 'an array is expected');
      return;
    }
    const values = isAll ? (value as readonly JsonValue[]) : value === null ? [] : [value];
    try {
      const written = values.map((one) => writeHeaderField(name, form, one));
      // A parsed form of nothing leaves no field behind.
      const isKept = form === 'Raw' || form === 'Text' ? () => true : (text: string) => text !== `${name}:\r\n`;
      this.#fields.set(field, written.filter(isKept).join(''));
    } catch (error) {
      if (!(error instanceof BadHeader)) throw error;
      this.#invalid.add(path, error.message);
    }
  }

  /** Reports whether a property stands for this field (in lower case), even if it leaves the field out. */
  has(field: string): boolean {
    return this.#fields.has(field);
  }

  /** Reports whether a field with this name (in lower case) is written. */
  writes(field: string): boolean {
    return (this.#fields.get(field) ?? '') !== '';
  }

  /** Returns the fields: the named ones first, the others in the order in which they were added. */
  text(first: readonly string[] = []): string {
    const names = new Set([...first, ...this.#fields.keys()]);
    return [...names].map((name) => this.#fields.get(name) ?? '').join('');
  }
}
