import {
  Arguments,
  jmapLimits,
  jsonObject,
  jsonSize,
  MethodError,
  parseRequest,
  RequestProblem,
  ResultReferences,
  type Invocation,
  type JmapLimits,
  type JmapRequest,
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
  const request = await parseRequest(body, deps.limits ?? jmapLimits, () => deps.loop.pause());
  return await answerCalls(request, deps);
}

/** Answers the calls of a request in their order. @throws RequestProblem when none of them ran. */
export async function answerCalls<Context>(
  { using, calls, createdIds }: JmapRequest,
  deps: AnswerDeps<Context>,
): Promise<JsonObject> {
  const limits = deps.limits ?? jmapLimits;
  const unknown = using.find((uri) => !deps.capabilities.has(uri));
  if (unknown !== undefined)
    throw new RequestProblem('unknownCapability', `this server does not have ${unknown.slice(0, 200)}`);
  const references = new ResultReferences(limits);
  const created = new Map(createdIds);
  const responses: Invocation[] = [];
  let leftChars = limits.maxResponseChars;
  for (const invocation of calls) {
    const next: Invocation[] = [];
    const call: MethodCall = {
      createdIds: created,
      using: new Set(using),
      callNext: (name, args) => void next.push({ name, args, callId: invocation.callId }),
    };
    const answers = [leftChars < 0 ? tooLong(invocation) : await responseTo(invocation, references, call, deps)];
    for (const implied of next) answers.push(await impliedResponse(implied, call, deps));
    for (const answer of answers) {
      references.add(answer);
      leftChars -= jsonSize(answer.args, Math.max(0, leftChars));
    }
    responses.push(...answers);
    const pause = deps.loop.pause();
    if (pause !== null) await pause;
  }
  return {
    methodResponses: responses.map(({ name, args, callId }) => [name, args, callId]),
    ...(createdIds !== null && { createdIds: jsonObject(created) }),
    sessionState: deps.sessionState,
  };
}

/** Refuses a call because the responses before it are long enough for one request. */
function tooLong({ callId }: Invocation): Invocation {
  const error = new MethodError(
    'requestTooLarge',
    'the responses of the request are too long: call this in another one',
  );
  return { name: 'error', args: error.response, callId };
}

/** Runs the method of a call, when the request may use it. */
async function responseTo<Context>(
  invocation: Invocation,
  references: ResultReferences,
  call: MethodCall,
  deps: AnswerDeps<Context>,
): Promise<Invocation> {
  return await answerOf(invocation, deps, async () => {
    const method = deps.methods.get(invocation.name);
    if (method === undefined || !call.using.has(method.capability))
      throw new MethodError('unknownMethod', 'no capability that the request uses has this method');
    return await method.run(new Arguments(references.resolve(invocation.args)), deps.context, call);
  });
}

/** Runs the method of a call that another one implies. */
async function impliedResponse<Context>(
  invocation: Invocation,
  call: MethodCall,
  deps: AnswerDeps<Context>,
): Promise<Invocation> {
  return await answerOf(invocation, deps, async () => {
    const method = deps.methods.get(invocation.name);
    if (method === undefined) throw new MethodError('unknownMethod', 'there is no such method');
    return await method.run(new Arguments(invocation.args), deps.context, call);
  });
}

async function answerOf(
  { name, callId }: Invocation,
  { log }: Pick<AnswerDeps<unknown>, 'log'>,
  run: () => Promise<JsonObject>,
): Promise<Invocation> {
  try {
    return { name, args: await run(), callId };
  } catch (error) {
    if (error instanceof MethodError) return { name: 'error', args: error.response, callId };
    log.error('jmap.methodFailed', { method: name }, error);
    const failure = new MethodError('serverFail', 'the server failed to answer this call; its log has the reason');
    return { name: 'error', args: failure.response, callId };
  }
}
