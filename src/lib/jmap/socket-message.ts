import { isJsonObject, memberOf, type JsonObject, type JsonValue } from './json.ts';
import { jmapLimits, type JmapLimits } from './limits.ts';
import { parseJson, type Pause } from './parse-json.ts';
import { RequestProblem } from './problem.ts';
import { requestOf, type JmapRequest } from './request.ts';

/** A message that a client sends over a WebSocket (RFC 8887 §4.3). */
export type SocketMessage =
  | {
      readonly kind: 'request';
      readonly request: JmapRequest;
      /** Chosen by the client; null when it has none. */
      readonly id: string | null;
    }
  | {
      readonly kind: 'pushEnable';
      /** Null for all types. */
      readonly types: readonly string[] | null;
      /** Null when the client has none. */
      readonly pushState: string | null;
    }
  | { readonly kind: 'pushDisable' }
  | { readonly kind: 'invalid'; readonly problem: RequestProblem; readonly id: string | null };

/** Types that a client may name. */
const maxTypes = 100;
/** Characters of an id or a state that a client sends. */
const maxTextLength = 1000;

/** Parses a message. Never throws for what clients send. */
export async function parseSocketMessage(
  body: Uint8Array,
  limits: JmapLimits = jmapLimits,
  pause?: Pause,
): Promise<SocketMessage> {
  let id: string | null = null;
  try {
    const value = await parseJson(body, limits, pause);
    if (!isJsonObject(value)) throw notRequest('the message is no object');
    // Also errors name the request (RFC 8887 §4.3.4).
    id = textOf(value, 'id');
    switch (memberOf(value, '@type')) {
      case 'Request':
        return { kind: 'request', request: requestOf(value, limits), id };
      case 'WebSocketPushEnable':
        return { kind: 'pushEnable', types: typesOf(value), pushState: textOf(value, 'pushState') };
      case 'WebSocketPushDisable':
        return { kind: 'pushDisable' };
      default:
        throw notRequest('@type: Request, WebSocketPushEnable or WebSocketPushDisable is expected');
    }
  } catch (error) {
    if (!(error instanceof RequestProblem)) throw error;
    return { kind: 'invalid', problem: error, id };
  }
}

function textOf(object: JsonObject, name: string): string | null {
  const value = memberOf(object, name) ?? null;
  if (value !== null && (typeof value !== 'string' || value.length > maxTextLength))
    throw notRequest(`${name}: a string of at most ${maxTextLength} characters is expected`);
  return value;
}

function typesOf(object: JsonObject): readonly string[] | null {
  const value: JsonValue = memberOf(object, 'dataTypes') ?? null;
  if (value === null) return null;
  if (!Array.isArray(value) || value.length > maxTypes || !value.every((type) => typeof type === 'string'))
    throw notRequest(`dataTypes: at most ${maxTypes} strings, or null, are expected`);
  return value;
}

function notRequest(detail: string): RequestProblem {
  return new RequestProblem('notRequest', detail);
}
