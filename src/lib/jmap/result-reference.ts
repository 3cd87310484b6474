import { isJsonObject, jsonObject, memberOf, type JsonObject, type JsonValue } from './json.ts';
import { jsonSize } from './json-size.ts';
import { jmapLimits, type JmapLimits } from './limits.ts';
import { MethodError } from './method-error.ts';
import type { Invocation } from './request.ts';

/** Responses of a request as far as it is answered, and what its result references may still cost. */
export class ResultReferences {
  readonly #limits: JmapLimits;
  readonly #first = new Map<string, Invocation>();
  #references = 0;
  #values = 0;
  #chars = 0;

  constructor(limits: JmapLimits = jmapLimits) {
    this.#limits = limits;
  }

  /** Adds a response. References mean the first one of a call (RFC 8620 §3.7). */
  add(response: Invocation): void {
    if (!this.#first.has(response.callId)) this.#first.set(response.callId, response);
  }

  /**
   * Returns arguments with their result references resolved: each `#name` becomes `name` (RFC 8620 §3.7).
   * @throws MethodError invalidArguments when a name has both forms, invalidResultReference when a reference does not resolve.
   */
  resolve(args: JsonObject): JsonObject {
    const names = Object.keys(args);
    if (!names.some((name) => name.startsWith('#'))) return args;
    return jsonObject(
      names.map((name): [string, JsonValue] => {
        if (!name.startsWith('#')) return [name, args[name] ?? null];
        const plain = name.slice(1);
        if (Object.hasOwn(args, plain))
          throw new MethodError('invalidArguments', `${plain} is given both as a value and as a reference`, {
            arguments: [plain],
          });
        return [plain, this.#resolved(plain, args[name] ?? null)];
      }),
    );
  }

  #resolved(name: string, reference: JsonValue): JsonValue {
    this.#references += 1;
    if (this.#references > this.#limits.maxReferences) throw unresolved(name, 'too many references in the request');
    const { resultOf, name: method, path } = isJsonObject(reference) ? reference : {};
    if (typeof resultOf !== 'string' || typeof method !== 'string' || typeof path !== 'string')
      throw unresolved(name, 'resultOf, name and path are expected');
    const response = this.#first.get(resultOf);
    if (response === undefined) throw unresolved(name, 'no earlier call has this id');
    if (response.name !== method) throw unresolved(name, `the response is ${response.name}`);
    const tokens = pointerTokens(path);
    if (tokens === null) throw unresolved(name, 'path is no JSON pointer');
    const value = this.#evaluated(response.args, tokens, 0);
    if (value === undefined) throw unresolved(name, 'the response has nothing at this path');
    this.#chars += jsonSize(value, this.#limits.maxReferencedChars - this.#chars);
    if (this.#chars > this.#limits.maxReferencedChars)
      throw unresolved(name, 'the result references of the request yield too much');
    return value;
  }

  /** Evaluates a JSON pointer (RFC 6901 §4) in which `*` maps over an array and flattens by one level (RFC 8620 §3.7). */
  #evaluated(value: JsonValue, tokens: readonly string[], at: number): JsonValue | undefined {
    const token = tokens[at];
    if (token === undefined) return value;
    if (Array.isArray(value)) {
      const items: readonly JsonValue[] = value;
      if (token === '*') return this.#mapped(items, tokens, at + 1);
      const item = /^(?:0|[1-9]\d{0,9})$/.test(token) ? items[Number(token)] : undefined;
      return item === undefined ? undefined : this.#evaluated(item, tokens, at + 1);
    }
    const member = isJsonObject(value) ? memberOf(value, token) : undefined;
    return member === undefined ? undefined : this.#evaluated(member, tokens, at + 1);
  }

  #mapped(items: readonly JsonValue[], tokens: readonly string[], at: number): JsonValue | undefined {
    const results: JsonValue[] = [];
    for (const item of items) {
      this.#count(1);
      const result = this.#evaluated(item, tokens, at);
      if (result === undefined) return undefined;
      if (Array.isArray(result)) {
        this.#count(result.length);
        for (const one of result as readonly JsonValue[]) results.push(one);
      } else results.push(result);
    }
    return results;
  }

  #count(values: number): void {
    this.#values += values;
    if (this.#values > this.#limits.maxReferencedValues)
      throw new MethodError('invalidResultReference', 'the result references of the request yield too many values');
  }
}

function unresolved(name: string, reason: string): MethodError {
  return new MethodError('invalidResultReference', `#${name}: ${reason}`);
}

const maxPointerChars = 1000;

/** Tokens of a JSON pointer (RFC 6901 §3); null when it is none. */
export function pointerTokens(path: string): readonly string[] | null {
  if (path === '') return [];
  if (!path.startsWith('/') || path.length > maxPointerChars || /~(?![01])/.test(path)) return null;
  return path
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}
