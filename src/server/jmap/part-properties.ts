import { memberOf, type JsonObject, type JsonValue } from '#lib/jmap';
import { parseContentType, parseDisposition, type Disposition, type Parameter } from '#lib/message';
import { parseHeaderProperty } from './header-property.ts';
import type { InvalidProperties } from './invalid-properties.ts';

/** Expectations of a part by its place. */
export interface PartPlace {
  /** The only type that it may have. */
  readonly type?: string;
  readonly isAttachment?: boolean;
  readonly isRoot?: boolean;
}

/** RFC 2045 §5.1; RFC 6838 §4.2 gives each name of a media type 127 characters. */
const token = /^[\w!#$%&'*+.^`{|}~-]{1,127}$/;
const mediaType = /^[\w!#$%&'*+.^`{|}~-]{1,127}\/[\w!#$%&'*+.^`{|}~-]{1,127}$/;

/** Returns a parameter in a list; an empty list for null. */
export function namedParameter(name: string, value: string | null): Parameter[] {
  return value === null ? [] : [{ name, value }];
}

/** Reads the properties of one part that are not `header:` ones. */
export class PartProperties {
  readonly #part: JsonObject;
  readonly #path: string;
  readonly #invalid: InvalidProperties;

  constructor(part: JsonObject, path: string, invalid: InvalidProperties) {
    this.#part = part;
    this.#path = path;
    this.#invalid = invalid;
  }

  refuse(name: string, reason: string): void {
    this.#invalid.add(`${this.#path}/${name}`, reason);
  }

  value(name: string): JsonValue {
    return memberOf(this.#part, name) ?? null;
  }

  /** Returns a string without control characters, which would be lost or end a field. */
  text(name: string): string | null {
    return this.matching(name, /^(?:\P{Cc}|\t)*$/u, 'a string without control characters is expected');
  }

  /** Returns the file name. */
  name(): string | null {
    return this.matching(
      'name',
      /^(?:\P{Cc}|\t){0,1000}$/u,
      'at most 1000 characters, none of them controls, are expected',
    );
  }

  matching(name: string, pattern: RegExp, reason: string): string | null {
    const value = this.value(name);
    if (value === null || (typeof value === 'string' && pattern.test(value))) return value;
    this.refuse(name, reason);
    return null;
  }

  language(): readonly string[] {
    const value = this.value('language');
    if (value === null) return [];
    if (Array.isArray(value) && value.every((tag) => typeof tag === 'string' && /^[A-Za-z0-9-]{1,60}$/.test(tag)))
      return value as readonly string[];
    this.refuse('language', 'an array of language tags is expected');
    return [];
  }

  /** Returns the media type, which may come with parameters, but for those that the server sets. */
  type({ type: only }: PartPlace, hasParts: boolean): { readonly type: string; readonly params: readonly Parameter[] } {
    const [name, written] = this.#written('type', 'content-type');
    const parsed = written === null ? null : parseContentType(written);
    const found = parsed === null ? null : `${parsed.type}/${parsed.subtype}`.toLowerCase();
    const usual = hasParts
      ? 'multipart/mixed'
      : this.value('blobId') === null
        ? 'text/plain'
        : 'application/octet-stream';
    const type = found ?? only ?? usual;
    if (written !== null && (found === null || !mediaType.test(found) || !/^[^\s;]+\s*(?:;|$)/.test(written)))
      this.refuse(name, 'a media type is expected');
    else if (parsed?.params.some((param) => !token.test(param.name)) === true)
      this.refuse(name, 'a parameter has a bad name');
    else if (only !== undefined && type !== only) this.refuse(name, `${only} is expected`);
    const isText = this.value('partId') !== null;
    const charset = this.matching('charset', token, 'the name of a charset is expected');
    if (charset !== null && !type.startsWith('text/')) this.refuse('charset', 'only text has a charset');
    const dropped = ['boundary', ...(isText || charset !== null ? ['charset'] : [])];
    const params = (parsed?.params ?? []).filter((param) => !dropped.includes(param.name.toLowerCase()));
    return { type, params: [...(isText ? [] : namedParameter('charset', charset)), ...params] };
  }

  /** An attachment is marked as one, unless HTML may show it by its Content-ID. */
  disposition({ isAttachment = false }: PartPlace): Disposition | null {
    const [name, written] = this.#written('disposition', 'content-disposition');
    if (written === null)
      return isAttachment ? { type: this.value('cid') === null ? 'attachment' : 'inline', params: [] } : null;
    const parsed = parseDisposition(written);
    const names = [parsed?.type ?? '', ...(parsed?.params ?? []).map((param) => param.name)];
    if (!/^[^\s;]+\s*(?:;|$)/.test(written) || !names.every((one) => token.test(one)))
      this.refuse(name, 'a disposition such as attachment is expected');
    return parsed;
  }

  /** Value of a property, or of the header field that it stands for, with the name of the one that is given. */
  #written(property: string, field: string): readonly [string, string | null] {
    const text = this.text(property);
    if (text !== null) return [property, text];
    for (const [name, value] of Object.entries(this.#part)) {
      const header = parseHeaderProperty(name);
      if (header?.field !== field || value === null) continue;
      const isPlain = typeof value === 'string' && !/(?!\t)\p{Cc}/u.test(value.replace(/\r\n(?=[ \t])/g, ''));
      if (isPlain) return [name, value.replace(/\r\n/g, '').trim()];
      this.refuse(name, 'a string without control characters is expected');
    }
    return [property, null];
  }
}
