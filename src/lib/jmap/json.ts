/** A value of a JSON document. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

/** An object of a JSON document. Names come from clients: read them with `Object.hasOwn` or `memberOf`. */
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** Reports whether a value is a JSON object. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns an object's own member; undefined when there is none. */
export function memberOf(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Returns an object of these members, whatever their names: `__proto__` is a name like any other. */
export function jsonObject(members: Iterable<readonly [string, JsonValue]>): JsonObject {
  return Object.fromEntries(members);
}
