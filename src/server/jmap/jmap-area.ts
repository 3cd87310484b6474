import { jmapLimits, type JmapLimits, type JsonObject } from '#lib/jmap';
import type { Accounts } from '#mail/accounts';
import type { ContentMemory } from '#mail/content';
import type { Stories } from '#mail/story';
import type { Clock } from '#ports/clock';
import { answerRequest, RequestSlots, sessionResource } from '#proto/jmap-server';
import { plainAnswer, type Area, type HttpLogins } from '#server/http';
import { announcedCapabilities, capabilityUris, sessionStateOf } from './capabilities.ts';
import { download } from './download.ts';
import { accountIds } from './ids.ts';
import type { MailContext } from './mail-context.ts';
import { allMethods } from './mail-methods.ts';
import { Uploads } from './uploads.ts';

/** Dependencies of the area. */
export interface JmapAreaDeps {
  readonly accounts: Accounts;
  readonly logins: Pick<HttpLogins, 'authenticate'>;
  readonly clock: Clock;
  /** Memory that all messages on their way in share. */
  readonly contentMemory: ContentMemory;
  readonly stories: Pick<Stories, 'ofEmail'>;
  /** Returns the bytes that an account may store; 0 without a limit. */
  readonly quotaBytesOf: (account: string) => number;
  readonly limits?: JmapLimits;
}

type Handle = Area['handle'];
type Facts = Parameters<Handle>[1];

/** Request of a user who is logged in. */
interface UserRequest {
  readonly request: Request;
  readonly url: URL;
  readonly facts: Facts;
  readonly login: string;
  readonly context: MailContext;
}

/** RFC 8620 §2: what a session says depends on its user. */
const privateJson = { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache, no-store, must-revalidate' };

/** Makes the area `jmap`: session, API, uploads and downloads (RFC 8620 §2, §3, §6). */
export function jmapArea(deps: JmapAreaDeps): Area {
  const { accounts, logins, clock, contentMemory: memory, stories, quotaBytesOf, limits = jmapLimits } = deps;
  const uploads = new Uploads({ clock, memory });
  const uploadSlots = new RequestSlots(limits.maxConcurrentUpload);
  const slots = new RequestSlots(limits.maxConcurrentRequests);
  const handle: Handle = async (request, facts) => {
    const url = new URL(request.url);
    const { pathname } = url;
    const login = await logins.authenticate(request, facts, ['mail', 'read-only']);
    if (login.kind === 'refused') return login.response;
    const account = await accounts.open(login.identity.account);
    if (account === null) return plainAnswer(403, 'There is no such account any more.');
    const isReadOnly = login.identity.appPassword?.scopes.includes('mail') === false;
    const context: MailContext = {
      account,
      accountId: accountIds.write(account.id),
      isReadOnly,
      limits,
      uploads,
      memory,
      clock,
      stories,
      quotaBytes: quotaBytesOf(account.name),
    };
    const user: UserRequest = { request, url, facts, login: login.identity.login, context };
    if (pathname === '/.well-known/jmap') return onlyGet(request) ?? sessionAnswer(user);
    if (pathname === '/jmap/api') return await apiAnswer(user, slots);
    if (pathname.startsWith('/jmap/upload/')) return await uploadAnswer(user, uploadSlots);
    if (pathname.startsWith('/jmap/download/')) return onlyGet(request) ?? (await download(request, url, context));
    return plainAnswer(404, 'There is nothing here.');
  };
  const paths = ['/.well-known/jmap', '/jmap/api', '/jmap/upload/*', '/jmap/download/*'];
  const maxBodyBytes = Math.max(limits.maxSizeRequest, limits.maxSizeUpload);
  return { name: 'jmap', paths, maxBodyBytes, handle };
}

function onlyGet({ method }: Request): Response | null {
  return method === 'GET' || method === 'HEAD'
    ? null
    : plainAnswer(405, 'This can only be read.', { Allow: 'GET, HEAD' });
}

function sessionAnswer({ url, login, context }: UserRequest): Response {
  const { account, accountId, isReadOnly } = context;
  const { ofServer, ofAccount } = announcedCapabilities(context);
  const session = sessionResource({
    username: login,
    account: { id: accountId, name: account.name, isReadOnly, capabilities: ofAccount },
    capabilities: ofServer,
    origin: url.origin,
    state: sessionStateOf(context),
  });
  return new Response(JSON.stringify(session), { status: 200, headers: privateJson });
}

async function apiAnswer({ request, facts, context }: UserRequest, slots: RequestSlots): Promise<Response> {
  if (request.method !== 'POST') return plainAnswer(405, 'Calls are sent with POST.', { Allow: 'POST' });
  const type = request.headers.get('Content-Type') ?? '';
  // RFC 8620 §3.1: the type of a request is application/json.
  if (!/^application\/json *(?:;|$)/i.test(type))
    return problem('notJSON', 'the type of a request is application/json');
  using slot = slots.take(context.account.name);
  if (slot === null)
    return problem('limit', 'too many requests of this account at the same time', 'maxConcurrentRequests');
  facts.limitBody(context.limits.maxSizeRequest);
  const body = new Uint8Array(await request.arrayBuffer());
  const answer = await answerRequest(body, {
    methods: allMethods,
    capabilities: capabilityUris,
    context,
    sessionState: sessionStateOf(context),
    loop: context.account.loop,
    log: facts.log,
    limits: context.limits,
  });
  const headers = { ...privateJson, 'Content-Type': answer.contentType };
  return new Response(JSON.stringify(answer.body), { status: answer.status, headers });
}

/** Answers an upload (RFC 8620 §6.1). */
async function uploadAnswer({ request, url, facts, context }: UserRequest, slots: RequestSlots): Promise<Response> {
  const { account, accountId, limits, uploads } = context;
  if (request.method !== 'POST') return plainAnswer(405, 'Files are sent with POST.', { Allow: 'POST' });
  if (url.pathname !== `/jmap/upload/${accountId}`) return plainAnswer(404, 'There is no such account.');
  if (context.isReadOnly) return plainAnswer(403, 'This login may read mail only.');
  using slot = slots.take(account.name);
  if (slot === null)
    return problem('limit', 'too many uploads of this account at the same time', 'maxConcurrentUpload');
  facts.limitBody(limits.maxSizeUpload);
  const taken = await uploads.take(account, request.body ?? [], limits.maxSizeUpload);
  if (taken === null) return problem('limit', `a file may have ${limits.maxSizeUpload} bytes`, 'maxSizeUpload', 413);
  const type = request.headers.get('Content-Type') ?? 'application/octet-stream';
  const body = { accountId, blobId: taken.id, type, size: taken.sizeBytes };
  return new Response(JSON.stringify(body), { status: 201, headers: privateJson });
}

function problem(type: string, detail: string, limit?: string, status = 400): Response {
  const details: JsonObject = {
    type: `urn:ietf:params:jmap:error:${type}`,
    status,
    detail,
    ...(limit !== undefined && { limit }),
  };
  return new Response(JSON.stringify(details), { status, headers: { 'Content-Type': 'application/problem+json' } });
}
