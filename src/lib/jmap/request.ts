import { isId } from './id.ts';
import { isJsonObject, memberOf, type JsonObject, type JsonValue } from './json.ts';
import { jmapLimits, type JmapLimits } from './limits.ts';
import { parseJson, type Pause } from './parse-json.ts';
import { RequestProblem, tooMuch } from './problem.ts';

/** One method call or response (RFC 8620 §3.2). */
export interface Invocation {
  readonly name: string;
  readonly args: JsonObject;
  /** Chosen by the client. */
  readonly callId: string;
}

/** A request of a client (RFC 8620 §3.3). */
export interface JmapRequest {
  /** Capabilities that the client wants to use. */
  readonly using: readonly string[];
  readonly calls: readonly Invocation[];
  /** Ids of objects by the names under which they were created; null when the client does not ask for them. */
  readonly createdIds: ReadonlyMap<string, string> | null;
}

/**
 * Parses the body of a request (RFC 8620 §3.3). Members that the standard does not name are ignored.
 * @throws RequestProblem.
 */
export async function parseRequest(
  body: Uint8Array,
  limits: JmapLimits = jmapLimits,
  pause?: Pause,
): Promise<JmapRequest> {
  return requestOf(await parseJson(body, limits, pause), limits);
}

/** Reads a request that is parsed JSON. @throws RequestProblem. */
export function requestOf(value: JsonValue, limits: JmapLimits): JmapRequest {
  if (!isJsonObject(value)) throw notRequest('the request is no object');
  const using = memberOf(value, 'using');
  if (!isStrings(using)) throw notRequest('using: an array of strings is expected');
  const calls = memberOf(value, 'methodCalls');
  if (!Array.isArray(calls)) throw notRequest('methodCalls: an array is expected');
  if (calls.length > limits.maxCallsInRequest) throw tooMuch('maxCallsInRequest', limits.maxCallsInRequest);
  return {
    using,
    calls: calls.map((call: JsonValue, i) => invocationOf(call, i)),
    createdIds: createdIdsOf(memberOf(value, 'createdIds'), limits),
  };
}

function invocationOf(value: JsonValue, i: number): Invocation {
  const [name, args, callId, ...rest]: readonly (JsonValue | undefined)[] = Array.isArray(value) ? value : [];
  if (typeof name !== 'string' || !isJsonObject(args) || typeof callId !== 'string' || rest.length > 0)
    throw notRequest(`methodCalls/${i}: an array of name, arguments and method call id is expected`);
  return { name, args, callId };
}

function createdIdsOf(value: JsonValue | undefined, limits: JmapLimits): ReadonlyMap<string, string> | null {
  if (value === undefined) return null;
  if (!isJsonObject(value)) throw notRequest('createdIds: an object is expected');
  const ids = Object.entries(value);
  if (ids.length > limits.maxCreatedIds) throw tooMuch('maxCreatedIds', limits.maxCreatedIds);
  for (const [name, id] of ids) {
    if (!isId(name) || typeof id !== 'string' || !isId(id)) throw notRequest('createdIds: ids by ids are expected');
  }
  return new Map(ids as [string, string][]);
}

function isStrings(value: JsonValue | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function notRequest(detail: string): RequestProblem {
  return new RequestProblem('notRequest', detail);
}
