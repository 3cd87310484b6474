/**
 * The area `web-session`: pages log in and out here, see who is logged in, and list and end the sessions of their account. JSON in, JSON out.
 * Sessions are stored by #mail/auth; the cookie and the check of it, with which other areas accept them, are in #server/http.
 */
export { webSessionArea } from './web-session-area.ts';
