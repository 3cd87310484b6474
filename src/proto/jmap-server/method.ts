import type { Arguments, JsonObject } from '#lib/jmap';

/** State of the request that a call belongs to. */
export interface MethodCall {
  /** Ids of objects by the names under which the request created them (RFC 8620 §3.3). */
  readonly createdIds: Map<string, string>;
  /** URIs of the capabilities that the request uses. */
  readonly using: ReadonlySet<string>;
  /** Has another method called right after this one, whose response follows with the same call id (RFC 8620 §5.4, RFC 8621 §7.5). */
  readonly callNext: (name: string, args: JsonObject) => void;
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
