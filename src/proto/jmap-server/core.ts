import { collations } from '#lib/collation';
import type { JmapLimits, JsonObject } from '#lib/jmap';
import type { JmapMethod } from './method.ts';

/** URI of the core capability (RFC 8620 §2). */
export const coreUri = 'urn:ietf:params:jmap:core';

/** Returns the limits as the session announces them (RFC 8620 §2). */
export function coreCapability(limits: JmapLimits): JsonObject {
  return {
    maxSizeUpload: limits.maxSizeUpload,
    maxConcurrentUpload: limits.maxConcurrentUpload,
    maxSizeRequest: limits.maxSizeRequest,
    maxConcurrentRequests: limits.maxConcurrentRequests,
    maxCallsInRequest: limits.maxCallsInRequest,
    maxObjectsInGet: limits.maxObjectsInGet,
    maxObjectsInSet: limits.maxObjectsInSet,
    collationAlgorithms: [...collations],
  };
}

/** Methods of the core capability. */
export const coreMethods: readonly JmapMethod<unknown>[] = [
  {
    // RFC 8620 §4: the response has exactly the arguments of the call.
    name: 'Core/echo',
    capability: coreUri,
    run: (args) => Promise.resolve(args.all()),
  },
];
