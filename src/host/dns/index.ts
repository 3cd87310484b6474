/**
 * The `Resolver` port as a stub resolver over UDP and TCP, with a cache and the machine's settings.
 * Messages are read and written by #lib/dns. The recursive resolver validates DNSSEC; its AD flag counts only where it is trusted (RFC 4035 §4.9.3).
 */
export { server } from './settings.ts';
export { StubResolver } from './stub-resolver.ts';
export { systemResolver } from './system-resolver.ts';
