/**
 * The control socket: how the command line talks to a running server, and at the same time the lock on its data directory.
 * A Unix socket that only its owner may open; on Windows a named pipe with a random name, which is in a file beside the data
 * with a key that the server proves to know before anything is sent to it. Requests and answers are lines of JSON;
 * what they mean is #server/operations' business.
 */
export { controlEndpoint, type ControlEndpoint } from './endpoint.ts';
export { callControl, controlEnded, ControlEnded, ControlUnavailable } from './client.ts';
export { listenControl, DataDirectoryBusy, type ControlServer } from './server.ts';
