import { jsonObject, type JsonObject } from '#lib/jmap';
import { stateTypes } from './state-source.ts';

/** States of an account's types, in the order of `stateTypes`. Shared by all who have seen them. */
export type States = readonly string[];

/** Types whose changes a client wants; null for all. */
export type WantedTypes = ReadonlySet<string> | null;

/** Writes all states as one short text: the id of an event, the `pushState` of a WebSocket (RFC 8620 §7.3, RFC 8887 §4.3.5.1). */
export function writeStates(states: States): string {
  return states.join('.');
}

/** Reads what `writeStates` wrote. For any other text, all states count as unknown. */
export function readStates(text: string): States {
  const states = text.split('.', stateTypes.length + 1);
  return states.length === stateTypes.length ? states : stateTypes.map(() => '');
}

/** Returns the TypeState of the wanted types that differ (RFC 8620 §7.1); null when none does. */
export function changedTypes(before: States, now: States, wanted: WantedTypes): JsonObject | null {
  const changed = stateTypes.flatMap((type, i): [string, string][] =>
    before[i] === now[i] || wanted?.has(type) === false ? [] : [[type, now[i] ?? '']],
  );
  return changed.length === 0 ? null : jsonObject(changed);
}

/** Returns a StateChange of one account (RFC 8620 §7.1). */
export function stateChange(accountId: string, changed: JsonObject): JsonObject {
  return { '@type': 'StateChange', changed: jsonObject([[accountId, changed]]) };
}
