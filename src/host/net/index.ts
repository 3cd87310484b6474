/**
 * TCP and TLS behind the `Channel` and `Dialer` ports: listening, connecting (also through a SOCKS5 proxy), securing.
 * Invariants: no socket event ends the process; the peer is throttled while `maxBufferedBytes` wait to be read; bytes that arrived in
 * plaintext are never read after `startTls` (RFC 3207 §6).
 * Protocols live in `proto/`, the bytes of SOCKS in #lib/socks, name lookups in `#host/dns`.
 */
export { nodeDialer } from './dialer.ts';
export { socksDialer } from './socks-dialer.ts';
export { HandshakeGate } from './handshake-gate.ts';
export { defaultHandshakeLimits, type HandshakeLimits } from './limits.ts';
export { listen } from './listener.ts';
export type { Listener } from './listener.ts';
export { machineIps } from './machine-ips.ts';
export { releaseSocket } from './release-socket.ts';
export { portOwner } from './port-owner.ts';
export { tryBinding } from './try-binding.ts';
export { cipherSuites, tlsContext } from './tls-context.ts';
export type { ServerTls, TlsContext, TlsIdentity } from './tls-context.ts';
