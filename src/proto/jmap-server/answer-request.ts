import {
  Arguments,
  jmapLimits,
  jsonObject,
  MethodError,
  parseRequest,
  RequestProblem,
  ResultReferences,
  type Invocation,
  type JmapLimits,
  type JsonObject,
} from '#lib/jmap';
import type { EventLoop } from '#ports/event-loop';
import type { Log } from '#ports/log';
import type { JmapMethod, MethodCall } from './method.ts';

/** Everything that an answer depends on beside the request itself. */
export interface AnswerDeps<Context> {
  readonly methods: ReadonlyMap<string, JmapMethod<Context>>;
  /** URIs of the capabilities that the session announces. */
  readonly capabilities: ReadonlySet<string>;
  readonly context: Context;
  readonly sessionState: string;
  readonly loop: EventLoop;
  readonly log: Log;
  readonly limits?: JmapLimits;
}

/** An answer of HTTP. */
export interface JmapAnswer {
  readonly status: number;
  readonly contentType: 'application/json' | 'application/problem+json';
  readonly body: JsonObject;
}

/** Answers the body of one request: its calls in order, or why none of them ran (RFC 8620 §3.4, §3.6.1). Never throws for what clients send. */
export async function answerRequest<Context>(body: Uint8Array, deps: AnswerDeps<Context>): Promise<JmapAnswer> {
  try {
    return { status: 200, contentType: 'application/json', body: await answered(body, deps) };
  } catch (error) {
    if (!(error instanceof RequestProblem)) throw error;
    return { status: error.status, contentType: 'application/problem+json', body: error.details };
  }
}

async function answered<Context>(body: Uint8Array, deps: AnswerDeps<Context>): Promise<JsonObject> {
  const limits = deps.limits ?? jmapLimits;
  const { using, calls, createdIds } = parseRequest(body, limits);
  const unknown = using.find((uri) => !deps.capabilities.has(uri));
  if (unknown !== undefined)
    throw new RequestProblem('unknownCapability', `this server does not have ${unknown.slice(0, 200)}`);
  const references = new ResultReferences(limits);
  const call: MethodCall = { createdIds: new Map(createdIds) };
  const responses: Invocation[] = [];
  for (const invocation of calls) {
    const response = await responseTo(invocation, new Set(using), references, call, deps);
    responses.push(response);
    references.add(response);
    const pause = deps.loop.pause();
    if (pause !== null) await pause;
  }
  return {
    methodResponses: responses.map(({ name, args, callId }) => [name, args, callId]),
    ...(createdIds !== null && { createdIds: jsonObject(call.createdIds) }),
    sessionState: deps.sessionState,
  };
}

async function responseTo<Context>(
  { name, args, callId }: Invocation,
  using: ReadonlySet<string>,
  references: ResultReferences,
  call: MethodCall,
  { methods, context, log }: AnswerDeps<Context>,
): Promise<Invocation> {
  try {
    const method = methods.get(name);
    if (method === undefined || !using.has(method.capability))
      throw new MethodError('unknownMethod', 'no capability that the request uses has this method');
    const read = new Arguments(references.resolve(args));
    const result = await method.run(read, context, call);
    return { name, args: result, callId };
  } catch (error) {
    if (error instanceof MethodError) return { name: 'error', args: error.response, callId };
    log.error('jmap.methodFailed', { method: name }, error);
    const failure = new MethodError('serverFail', 'the server failed to answer this call; its log has the reason');
    return { name: 'error', args: failure.response, callId };
  }
}
