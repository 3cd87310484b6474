import { isId } from './id.ts';
import { isJsonObject, memberOf, type JsonObject, type JsonValue } from './json.ts';
import { jmapLimits, type JmapLimits } from './limits.ts';
import { RequestProblem } from './problem.ts';

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
export function parseRequest(body: Uint8Array, limits: JmapLimits = jmapLimits): JmapRequest {
  return requestOf(parseJson(body, limits), limits);
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

function tooMuch(name: string, limit: number): RequestProblem {
  return new RequestProblem('limit', `the request is over the limit ${name} (${limit})`, name);
}

/** Decodes JSON, after its size, depth and number of values have been compared with the limits: what follows may recur and copy. @throws RequestProblem. */
export function parseJson(body: Uint8Array, limits: JmapLimits): JsonValue {
  if (body.length > limits.maxSizeRequest) throw tooMuch('maxSizeRequest', limits.maxSizeRequest);
  measure(body, limits);
  let text;
  try {
    // RFC 7493 §2.1: I-JSON is UTF-8; a byte order mark is none of it (RFC 8259 §8.1).
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw new RequestProblem('notJSON', 'the request is not in UTF-8');
  }
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    // The message of the parser quotes what the client sent.
    throw new RequestProblem('notJSON', error instanceof Error ? error.message.slice(0, 200) : 'bad JSON');
  }
}

const Char = {
  Quote: 34,
  Comma: 44,
  Backslash: 92,
  OpenArray: 91,
  CloseArray: 93,
  Colon: 58,
  OpenObject: 123,
  CloseObject: 125,
};

/** Counts levels, values and members of objects without looking at what they are. */
function measure(body: Uint8Array, { maxDepth, maxValues, maxMembers }: JmapLimits): void {
  let depth = 0;
  let values = 1;
  let members = 0;
  let inString = false;
  for (let i = 0; i < body.length; i += 1) {
    const c = body[i];
    if (inString) {
      if (c === Char.Backslash) i += 1;
      else if (c === Char.Quote) inString = false;
    } else if (c === Char.Quote) inString = true;
    else if (c === Char.OpenArray || c === Char.OpenObject) {
      depth += 1;
      values += 1;
      if (depth > maxDepth) throw tooMuch('maxDepth', maxDepth);
    } else if (c === Char.CloseArray || c === Char.CloseObject) depth -= 1;
    else if (c === Char.Comma) values += 1;
    else if (c === Char.Colon) members += 1;
    if (values > maxValues) throw tooMuch('maxValues', maxValues);
    if (members > maxMembers) throw tooMuch('maxMembers', maxMembers);
  }
}
