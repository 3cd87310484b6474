import type { RequestFacts } from '#host/http-server';
import type { Identity } from '#lib/sasl';
import type { WebSession, WebSessions } from '#mail/auth';
import {
  clearSessionCookie,
  isOfOwnPage,
  plainAnswer,
  setSessionCookie,
  type Area,
  type HttpLogins,
} from '#server/http';
import { deviceOf } from './device.ts';

/** Dependencies of the area. */
export interface WebSessionAreaDeps {
  readonly logins: Pick<HttpLogins, 'authenticate' | 'authenticatePassword'>;
  readonly sessions: Pick<WebSessions, 'begin' | 'check' | 'end' | 'endAll' | 'list' | 'lifeMs'>;
}

/** Characters of a name or a password. */
const maxChars = 500;

/** Bytes of a request: names and passwords have limits of their own. */
const maxBodyBytes = 8 * 1024;

/** Request whose method and origin were checked. */
interface Asked {
  readonly request: Request;
  readonly facts: RequestFacts;
}

type Action = (deps: WebSessionAreaDeps, asked: Asked) => Promise<Response>;

/** Actions of the area, by method and path. */
const actions: ReadonlyMap<string, Action> = new Map([
  ['GET /web-session', whoAmI],
  ['GET /web-session/list', list],
  ['POST /web-session/login', logIn],
  ['POST /web-session/logout', logOut],
  ['POST /web-session/end', endOne],
  ['POST /web-session/end-others', endOthers],
]);

const paths = [...new Set([...actions.keys()].map((key) => key.replace(/^\w+ /, '')))];

/** Makes the area `web-session`. */
export function webSessionArea(deps: WebSessionAreaDeps): Area {
  return {
    name: 'web-session',
    paths,
    maxBodyBytes,
    handle: async (request, facts) => {
      const { pathname } = new URL(request.url);
      const method = request.method === 'HEAD' ? 'GET' : request.method;
      const action = actions.get(`${method} ${pathname}`);
      if (action === undefined) {
        const allowed = actions.has(`GET ${pathname}`) ? 'GET, HEAD' : 'POST';
        return plainAnswer(405, `This is asked with ${allowed}.`, { Allow: allowed });
      }
      if (method !== 'POST') return await action(deps, { request, facts });
      // A page of another site could otherwise log its reader in to an account of its own.
      if (!isOfOwnPage(request)) return plainAnswer(403, 'Only pages of this server may send this request.');
      const type = request.headers.get('Content-Type') ?? '';
      // Forms of other sites cannot send this type.
      if (!/^application\/json *(?:;|$)/i.test(type))
        return plainAnswer(415, 'The type of a request is application/json.');
      return await action(deps, { request, facts });
    },
  };
}

async function whoAmI({ logins }: WebSessionAreaDeps, { request, facts }: Asked): Promise<Response> {
  const login = await logins.authenticate(request, facts, ['mail', 'read-only', 'send']);
  if (login.kind === 'refused') return login.response;
  const { account, login: name, webSession = null } = login.identity;
  return json({ account, login: name, session: webSession });
}

async function logIn({ logins, sessions }: WebSessionAreaDeps, { request, facts }: Asked): Promise<Response> {
  const body = loginIn(await bodyOf(request));
  if (body === null) return plainAnswer(400, 'The request is an object with login and password.');
  const proved = await logins.authenticatePassword(body, request, facts);
  if (proved.kind === 'refused') return proved.response;
  const { identity } = proved;
  if (identity.appPassword !== undefined)
    return plainAnswer(
      403,
      'This is an app password, which is for a program: log in with the password of the account.',
    );
  const { remote, isTls } = facts;
  const begun = await sessions.begin(identity, deviceOf(request.headers.get('User-Agent')), remote.address);
  if (begun === null) return plainAnswer(401, 'The password was changed at this moment: please log in again.');
  // A session of the same browser ends, also one that an attacker put there.
  await endPresent({ logins, sessions }, { request, facts });
  facts.log.info('webSession.begun', { account: identity.account, session: begun.id });
  const { account, login } = identity;
  return json({ account, login, session: begun.id }, setSessionCookie(begun.token, isTls, sessions.lifeMs));
}

async function logOut(deps: WebSessionAreaDeps, asked: Asked): Promise<Response> {
  await endPresent(deps, asked);
  return json({}, clearSessionCookie(asked.facts.isTls));
}

/** Ends the session of the request's cookie, if it has one. */
async function endPresent({ logins, sessions }: WebSessionAreaDeps, { request, facts }: Asked): Promise<void> {
  if (!request.headers.has('Cookie')) return;
  const cookieAlone = new Request(request.url, { method: request.method, headers: request.headers });
  cookieAlone.headers.delete('Authorization');
  const present = await logins.authenticate(cookieAlone, facts, ['mail']);
  if (present.kind === 'refused' || present.identity.webSession === undefined) return;
  await sessions.end(present.identity.account, present.identity.webSession);
}

async function list({ logins, sessions }: WebSessionAreaDeps, { request, facts }: Asked): Promise<Response> {
  const owner = await ownerOf({ logins }, { request, facts });
  if (owner instanceof Response) return owner;
  const all = await sessions.list(owner.account);
  return json({ sessions: all.map((session) => listed(session, owner.webSession)) });
}

async function endOne({ logins, sessions }: WebSessionAreaDeps, { request, facts }: Asked): Promise<Response> {
  const owner = await ownerOf({ logins }, { request, facts });
  if (owner instanceof Response) return owner;
  const id = idIn(await bodyOf(request));
  if (id === null) return plainAnswer(400, 'The request is an object with the id of a session.');
  if (!(await sessions.end(owner.account, id))) return plainAnswer(404, 'There is no such session.');
  facts.log.info('webSession.ended', { account: owner.account, session: id });
  return json({});
}

async function endOthers({ logins, sessions }: WebSessionAreaDeps, { request, facts }: Asked): Promise<Response> {
  const owner = await ownerOf({ logins }, { request, facts });
  if (owner instanceof Response) return owner;
  const ended = await sessions.endAll(owner.account, owner.webSession ?? null);
  facts.log.info('webSession.othersEnded', { account: owner.account, ended });
  return json({ ended });
}

/** Returns the user, who may see and end sessions: app passwords may not. */
async function ownerOf(
  { logins }: Pick<WebSessionAreaDeps, 'logins'>,
  { request, facts }: Asked,
): Promise<Identity | Response> {
  const login = await logins.authenticate(request, facts, ['mail']);
  if (login.kind === 'refused') return login.response;
  if (login.identity.appPassword === undefined) return login.identity;
  return plainAnswer(403, 'An app password does not permit this: log in with the password of the account.');
}

function listed({ id, login, device, createdMs, lastUsedMs, lastAddress }: WebSession, current: number | undefined) {
  const times = { created: new Date(createdMs).toISOString(), lastUsed: new Date(lastUsedMs).toISOString() };
  return { id, login, device, address: lastAddress, ...times, isCurrent: id === current };
}

/** Returns the JSON of a request; undefined when it is none. */
async function bodyOf(request: Request): Promise<unknown> {
  // A rejection means that the client is gone, which is not about its content.
  const text = await request.text();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Returns the members of an object that has these and no others; null for anything else. */
function membersOf(body: unknown, names: readonly string[]): ReadonlyMap<string, unknown> | null {
  if (typeof body !== 'object' || body === null) return null;
  const members = new Map<string, unknown>(Object.entries(body));
  return members.size === names.length && names.every((name) => members.has(name)) ? members : null;
}

function loginIn(body: unknown): { readonly login: string; readonly password: string } | null {
  const members = membersOf(body, ['login', 'password']);
  const [login, password] = [members?.get('login'), members?.get('password')];
  return isShort(login) && isShort(password) ? { login, password } : null;
}

function isShort(text: unknown): text is string {
  return typeof text === 'string' && text !== '' && text.length <= maxChars;
}

function idIn(body: unknown): number | null {
  const id = membersOf(body, ['id'])?.get('id');
  return typeof id === 'number' && Number.isSafeInteger(id) && id > 0 ? id : null;
}

function json(value: unknown, setCookie?: string): Response {
  const headers = { 'Content-Type': 'application/json', ...(setCookie !== undefined && { 'Set-Cookie': setCookie }) };
  return new Response(JSON.stringify(value), { status: 200, headers });
}
