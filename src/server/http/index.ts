/**
 * Routes of HTTP and what all of them share: the check of host and origin, header fields for security, and logins.
 * An area is a folder that exports a function returning an `Area`; `server/assemble/area-list.ts` names all of them.
 * Bytes, limits and the access log live in #host/http-server.
 */
export type { Area } from './area.ts';
export { EventStream, type EventStreamUser } from './event-stream.ts';
export { HttpLogins } from './http-logins.ts';
export { isOfOwnPage } from './origin-check.ts';
export { plainAnswer } from './plain-answer.ts';
export { clearSessionCookie, setSessionCookie } from './session-cookie.ts';
export { router } from './router.ts';
export { securityHeaders } from './security-headers.ts';
