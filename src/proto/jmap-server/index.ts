/**
 * JMAP server: the session resource, requests and their calls, standard errors and limits (RFC 8620 §2, §3), over methods that others declare.
 * Here: order of calls, result references, capabilities, created ids. Not here: HTTP (src/server/jmap: the area), JSON formats (#lib/jmap), what
 * methods do. A call that fails leaves the others alone (RFC 8620 §3.6.2).
 */
export { answerCalls, answerRequest } from './answer-request.ts';
export { coreCapability, coreMethods, coreUri } from './core.ts';
export type { JmapMethod, MethodCall } from './method.ts';
export { RequestSlots } from './request-slots.ts';
export { sessionResource } from './session-resource.ts';
export { serveSocket, tooManyRequests, type SocketBackend } from './socket-session.ts';
