import type { Arguments, JsonObject } from '#lib/jmap';

/** State of the request that a call belongs to. */
export interface MethodCall {
  /** Ids of objects by the names under which the request created them (RFC 8620 §3.3). */
  readonly createdIds: Map<string, string>;
}

/** One method, which a feature adds to the list of its server. */
export interface JmapMethod<Context> {
  /** Name such as `Email/get`. */
  readonly name: string;
  /** Capability without which the method is unknown (RFC 8620 §3.3). */
  readonly capability: string;
  /** Answers one call. Reads every argument that it knows; others are refused. @throws MethodError. */
  readonly run: (args: Arguments, context: Context, call: MethodCall) => Promise<JsonObject>;
}
