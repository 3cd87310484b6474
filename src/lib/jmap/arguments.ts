import { parseUtcDate } from './date.ts';
import { isId } from './id.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { invalidArgument, MethodError } from './method-error.ts';

/**
 * Reads the arguments of a method, or the members of an object among them. Each reader takes the default for an argument that is missing or null; without a
 * default it must be there. @throws MethodError invalidArguments with the name of the argument.
 */
export class Arguments {
  readonly #args: JsonObject;
  readonly #unread: Set<string>;

  constructor(args: JsonObject) {
    this.#args = args;
    this.#unread = new Set(Object.keys(args));
  }

  /** Reports whether an argument is given and not null. */
  has(name: string): boolean {
    return Object.hasOwn(this.#args, name) && this.#args[name] !== null;
  }

  /** Returns all arguments as they are. */
  all(): JsonObject {
    this.#unread.clear();
    return this.#args;
  }

  /** Returns an argument of any type; null when it is missing. */
  value(name: string): JsonValue {
    this.#unread.delete(name);
    return Object.hasOwn(this.#args, name) ? (this.#args[name] ?? null) : null;
  }

  /** Returns an id (RFC 8620 §1.2). */
  id<Default = never>(name: string, ...missing: [] | [Default]): string | Default {
    return this.#read(name, 'an id', (value) => (typeof value === 'string' && isId(value) ? value : null), missing);
  }

  /** Returns a string. */
  text<Default = never>(name: string, ...missing: [] | [Default]): string | Default {
    return this.#read(name, 'a string', (value) => (typeof value === 'string' ? value : null), missing);
  }

  /** Returns a boolean. */
  boolean<Default = never>(name: string, ...missing: [] | [Default]): boolean | Default {
    return this.#read(name, 'a boolean', (value) => (typeof value === 'boolean' ? value : null), missing);
  }

  /** Returns an Int: -2^53+1 to 2^53-1 (RFC 8620 §1.3). */
  int<Default = never>(name: string, ...missing: [] | [Default]): number | Default {
    return this.#read(name, 'an integer', (value) => (Number.isSafeInteger(value) ? (value as number) : null), missing);
  }

  /** Returns an UnsignedInt: 0 to 2^53-1 (RFC 8620 §1.3). */
  unsigned<Default = never>(name: string, ...missing: [] | [Default]): number | Default {
    const read = (value: JsonValue): number | null =>
      Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : null;
    return this.#read(name, 'an unsigned integer', read, missing);
  }

  /** Returns a UTCDate as milliseconds since 1970. */
  utcDate<Default = never>(name: string, ...missing: [] | [Default]): number | Default {
    const read = (value: JsonValue): number | null => (typeof value === 'string' ? parseUtcDate(value) : null);
    return this.#read(name, 'a UTC date', read, missing);
  }

  /** Returns an array of strings. */
  texts<Default = never>(name: string, ...missing: [] | [Default]): readonly string[] | Default {
    const read = (value: JsonValue): readonly string[] | null =>
      Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : null;
    return this.#read(name, 'an array of strings', read, missing);
  }

  /** Returns an object. */
  object<Default = never>(name: string, ...missing: [] | [Default]): JsonObject | Default {
    return this.#read(name, 'an object', (value) => (isJsonObject(value) ? value : null), missing);
  }

  /** Refuses what was not read. @throws MethodError invalidArguments. */
  end(): void {
    const [name] = this.#unread;
    if (name !== undefined)
      throw new MethodError('invalidArguments', `${name.slice(0, 100)}: there is no such argument`, {
        arguments: [name.slice(0, 100)],
      });
  }

  #read<T, Default>(
    name: string,
    expected: string,
    read: (value: JsonValue) => T | null,
    missing: [] | [Default],
  ): T | Default {
    const value = this.value(name);
    if (value === null && missing.length === 1) return missing[0];
    const result = value === null ? null : read(value);
    if (result === null) throw invalidArgument(name, `${expected} is expected`);
    return result;
  }
}
