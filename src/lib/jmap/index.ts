/**
 * JMAP's own formats: requests and result references, ids and dates, filters, patches, and errors as data (RFC 8620).
 * Pure: JSON in, values out, within limits. The types of mail are in src/server/jmap, the dispatch of calls in #proto/jmap-server.
 */
export { Arguments } from './arguments.ts';
export { parseUtcDate, parseZonedDate, writeDate, writeUtcDate } from './date.ts';
export { parseFilter } from './filter.ts';
export { IdSpace } from './id.ts';
export { isJsonObject, jsonObject, memberOf, type JsonObject, type JsonValue } from './json.ts';
export { jsonSize } from './json-size.ts';
export { jmapLimits, type JmapLimits } from './limits.ts';
export { invalidArgument, MethodError, SetError } from './method-error.ts';
export { applyPatch } from './patch.ts';
export { RequestProblem } from './problem.ts';
export { parseRequest, type Invocation, type JmapRequest } from './request.ts';
export { ResultReferences } from './result-reference.ts';
export { parseSocketMessage } from './socket-message.ts';
