import type { JmapLimits, JsonObject } from '#lib/jmap';
import type { Identity } from '#lib/sasl';
import type { Account, Accounts } from '#mail/accounts';
import type { ContentMemory } from '#mail/content';
import type { Stories } from '#mail/story';
import type { Clock } from '#ports/clock';
import type { Random } from '#ports/random';
import { answerCalls, answerRequest, sessionResource, tooManyRequests } from '#proto/jmap-server';
import type { OpenLogin } from '#server/admission';
import { plainAnswer, type Area, type HttpLogins } from '#server/http';
import { announcedCapabilities, capabilityUris, sessionStateOf } from './capabilities.ts';
import { download } from './download.ts';
import { accountIds } from './ids.ts';
import type { MailContext } from './mail-context.ts';
import { sendingFor, type ClientFacts, type SendingServices } from './sending.ts';
import { allMethods } from './mail-methods.ts';
import { openEventSource, readWishes } from './push/event-source.ts';
import { serveWebSocketClient, webSocketRefusal, type WebSocketParts } from './push/web-socket.ts';
import type { JmapShared } from './shared.ts';

/** Dependencies of the area. */
export interface JmapAreaDeps {
  readonly accounts: Accounts;
  readonly logins: Pick<HttpLogins, 'authenticate'>;
  readonly clock: Clock;
  readonly random: Random;
  /** Name of the server. */
  readonly hostname: string;
  /** Memory that all messages on their way in share. */
  readonly contentMemory: ContentMemory;
  readonly stories: Pick<Stories, 'ofEmail'>;
  /** Returns the bytes that an account may store; 0 without a limit. */
  readonly quotaBytesOf: (account: string) => number;
  readonly sending: SendingServices;
  /** State that all ports share. */
  readonly shared: JmapShared;
}

type Handle = Area['handle'];
type Facts = Parameters<Handle>[1];

/** Request of a user who is logged in. */
interface UserRequest {
  readonly request: Request;
  readonly url: URL;
  readonly facts: Facts;
  readonly identity: Identity;
  /** Holds the login open, for a connection that goes on. */
  readonly openLogin: () => OpenLogin;
  /** Returns the context of a call as it is now. */
  readonly contextNow: () => MailContext;
  readonly context: MailContext;
  readonly shared: JmapShared;
}

/** RFC 8620 §2: what a session says depends on its user. */
const privateJson = { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache, no-store, must-revalidate' };

/** Makes the area `jmap`: session, API, uploads and downloads (RFC 8620 §2, §3, §6), event streams and WebSockets (RFC 8620 §7.3, RFC 8887). */
export function jmapArea(deps: JmapAreaDeps): Area {
  const { accounts, logins, shared } = deps;
  const { limits } = shared;
  const handle: Handle = async (request, facts) => {
    const url = new URL(request.url);
    const login = await logins.authenticate(request, facts, ['mail', 'read-only']);
    if (login.kind === 'refused') return login.response;
    const { identity, open: openLogin } = login;
    const account = await accounts.open(identity.account);
    if (account === null) return plainAnswer(403, 'There is no such account any more.');
    const contextNow = contextMaker(deps, account, identity, { origin: url.origin, client: clientFactsOf(facts) });
    return await answerUser({ request, url, facts, identity, openLogin, contextNow, context: contextNow(), shared });
  };
  const paths = ['/.well-known/jmap', '/jmap/api', '/jmap/upload/*', '/jmap/download/*', '/jmap/events', '/jmap/ws'];
  const maxBodyBytes = Math.max(limits.maxSizeRequest, limits.maxSizeUpload);
  const tooLong = ({ url }: Request): Response =>
    new URL(url).pathname.startsWith('/jmap/upload/') ? uploadTooLong(limits) : requestTooLong(limits);
  return { name: 'jmap', paths, maxBodyBytes, handle, tooLong };
}

/** Returns a maker of contexts for the calls of a user. It holds on to nothing of the request. */
function contextMaker(
  {
    clock,
    random,
    hostname,
    contentMemory: memory,
    stories,
    quotaBytesOf,
    sending,
    shared: { limits, uploads, webPush },
  }: JmapAreaDeps,
  account: Account,
  identity: Identity,
  { origin, client }: { readonly origin: string; readonly client: ClientFacts },
): () => MailContext {
  const isReadOnly = identity.appPassword?.scopes.includes('mail') === false;
  const accountId = accountIds.write(account.id);
  return () => ({
    account,
    accountId,
    isReadOnly,
    limits,
    uploads,
    memory,
    clock,
    random,
    hostname,
    stories,
    quotaBytes: quotaBytesOf(account.name),
    origin,
    identity,
    webPush,
    sending: sendingFor(sending, identity, client),
  });
}

function clientFactsOf({ remote, local, tls, log, stopping }: Facts): ClientFacts {
  return { remote, local, tls, log, stopping };
}

async function answerUser(user: UserRequest): Promise<Response> {
  const { request, url, context } = user;
  const { pathname } = url;
  if (pathname === '/.well-known/jmap') return onlyGet(request) ?? sessionAnswer(user);
  if (pathname === '/jmap/api') return await apiAnswer(user);
  if (pathname === '/jmap/events') return onlyGet(request) ?? (await eventsAnswer(user));
  if (pathname === '/jmap/ws') return webSocketAnswer(user);
  if (pathname.startsWith('/jmap/upload/')) return await uploadAnswer(user);
  if (pathname.startsWith('/jmap/download/')) return onlyGet(request) ?? (await download(request, url, context));
  return plainAnswer(404, 'There is nothing here.');
}

function onlyGet({ method }: Request): Response | null {
  return method === 'GET' || method === 'HEAD'
    ? null
    : plainAnswer(405, 'This can only be read.', { Allow: 'GET, HEAD' });
}

function sessionAnswer({ url, identity, context }: UserRequest): Response {
  const { account, accountId, isReadOnly } = context;
  const { ofServer, ofAccount } = announcedCapabilities(context);
  const session = sessionResource({
    username: identity.login,
    account: { id: accountId, name: account.name, isReadOnly, capabilities: ofAccount },
    capabilities: ofServer,
    origin: url.origin,
    state: sessionStateOf(context),
  });
  return new Response(JSON.stringify(session), { status: 200, headers: privateJson });
}

async function apiAnswer({ request, facts, context, shared }: UserRequest): Promise<Response> {
  if (request.method !== 'POST') return plainAnswer(405, 'Calls are sent with POST.', { Allow: 'POST' });
  const type = request.headers.get('Content-Type') ?? '';
  // RFC 8620 §3.1: the type of a request is application/json.
  if (!/^application\/json *(?:;|$)/i.test(type))
    return problem('notJSON', 'the type of a request is application/json');
  using slot = shared.requestSlots.take(context.account.name);
  if (slot === null) return problem('limit', tooManyRequests().message, 'maxConcurrentRequests');
  facts.limitBody(context.limits.maxSizeRequest, () => requestTooLong(context.limits));
  const body = new Uint8Array(await request.arrayBuffer());
  const answer = await answerRequest(body, answerDeps(context, facts.log));
  const headers = { ...privateJson, 'Content-Type': answer.contentType };
  return new Response(JSON.stringify(answer.body), { status: answer.status, headers });
}

function answerDeps(context: MailContext, log: Facts['log']): Parameters<typeof answerCalls<MailContext>>[1] {
  const { account, limits } = context;
  const sessionState = sessionStateOf(context);
  return { methods: allMethods, capabilities: capabilityUris, context, sessionState, loop: account.loop, log, limits };
}

/** Answers with an event stream (RFC 8620 §7.3). */
async function eventsAnswer({ request, url, facts, openLogin, context, shared }: UserRequest): Promise<Response> {
  const wishes = readWishes(url, shared.pushLimits);
  if (wishes instanceof Response) return wishes;
  // Node answers HEAD with the header fields only, and would leave the stream open.
  if (request.method === 'HEAD') return new Response(null, { headers: { 'Content-Type': 'text/event-stream' } });
  const { account, accountId, clock } = context;
  const place = shared.clients.enter(account.name, openLogin);
  if (place === null) return placeRefusal();
  const last = request.headers.get('Last-Event-ID');
  const nowMs = clock.monotonic();
  return await openEventSource({ facts, account, accountId, place, watch: shared.watch, last, nowMs }, wishes);
}

/** Answers with a WebSocket (RFC 8887). */
function webSocketAnswer({ request, facts, openLogin, contextNow, shared }: UserRequest): Response {
  const { upgrade, log } = facts;
  const refusal = webSocketRefusal(request, facts);
  if (refusal !== null || upgrade === null) return refusal ?? plainAnswer(426, 'A WebSocket is expected here.');
  const { clients, limits, requestSlots: slots, watch } = shared;
  const { account, accountId } = contextNow();
  if (!clients.hasRoom(account.name)) return placeRefusal();
  const answer: WebSocketParts['answer'] = (calls) => answerCalls(calls, answerDeps(contextNow(), log));
  const parts: WebSocketParts = { account, accountId, limits, slots, watch, log, answer };
  // A place is held from the time at which the connection is served, which may never come.
  const enter = () => clients.enter(account.name, openLogin);
  return upgrade({ protocol: 'jmap', serve: (peer) => serveWebSocketClient(peer, enter, parts) });
}

function placeRefusal(): Response {
  return problem('limit', 'too many event streams and WebSockets of this account', 'maxPushClients', 429);
}

/** Answers an upload (RFC 8620 §6.1). */
async function uploadAnswer({ request, url, facts, context, shared }: UserRequest): Promise<Response> {
  const { account, accountId, limits, uploads } = context;
  if (request.method !== 'POST') return plainAnswer(405, 'Files are sent with POST.', { Allow: 'POST' });
  if (url.pathname !== `/jmap/upload/${accountId}`) return plainAnswer(404, 'There is no such account.');
  if (context.isReadOnly) return plainAnswer(403, 'This login may read mail only.');
  using slot = shared.uploadSlots.take(account.name);
  if (slot === null)
    return problem('limit', 'too many uploads of this account at the same time', 'maxConcurrentUpload');
  facts.limitBody(limits.maxSizeUpload, () => uploadTooLong(limits));
  const taken = await uploads.take(account, request.body ?? [], limits.maxSizeUpload);
  if (taken === null) return uploadTooLong(limits);
  const type = request.headers.get('Content-Type') ?? 'application/octet-stream';
  const body = { accountId, blobId: taken.id, type, size: taken.sizeBytes };
  return new Response(JSON.stringify(body), { status: 201, headers: privateJson });
}

function requestTooLong({ maxSizeRequest }: JmapLimits): Response {
  return problem('limit', `a request may have ${maxSizeRequest} bytes`, 'maxSizeRequest', 413);
}

function uploadTooLong({ maxSizeUpload }: JmapLimits): Response {
  return problem('limit', `a file may have ${maxSizeUpload} bytes`, 'maxSizeUpload', 413);
}

/** Refuses a request with problem details (RFC 8620 §3.6.1, §6.1). */
function problem(type: string, detail: string, limit?: string, status = 400): Response {
  const details: JsonObject = {
    type: `urn:ietf:params:jmap:error:${type}`,
    status,
    detail,
    ...(limit !== undefined && { limit }),
  };
  return new Response(JSON.stringify(details), { status, headers: { 'Content-Type': 'application/problem+json' } });
}
