import { isJsonObject, jsonObject, type JsonValue } from '#lib/jmap';

/** Reports whether two values are the same, in whatever order their objects have their members (RFC 8259 §4). */
export function isSameJson(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  return a !== undefined && b !== undefined && canonical(a) === canonical(b);
}

function canonical(value: JsonValue): string {
  return JSON.stringify(value, (_, inner: JsonValue) =>
    isJsonObject(inner) ? jsonObject(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}
