import type { X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect, TLSSocket } from 'node:tls';
import { errorCode } from '#host/files';
import { ChannelClosed, ChannelTimeout, type ClientTls, type TlsSession } from '#ports/channel';
import { cipherSuites, serverEndPoint, type ServerTls, type TlsContext } from './tls-context.ts';

/** Certificates that this side uses in handshakes as a client. */
export interface ClientTrust {
  /** PEM certificates trusted instead of those that Node ships. With an `identity`, they belong in its context. */
  readonly trustedPem?: readonly string[];
  /** Our own certificate, shown to servers that ask; its context lists the trusted authorities. */
  readonly identity?: TlsContext;
}

/** A socket after its handshake. */
export interface Secured {
  readonly socket: TLSSocket;
  readonly session: TlsSession;
}

/**
 * Makes the TLS handshake as a server on a connected socket.
 * @param leftMs  Called as `HandshakePermit.leftMs`.
 * @throws ChannelClosed, ChannelTimeout
 */
export async function secureAsServer(
  raw: Socket,
  tls: ServerTls,
  leftMs: (tookMs: number) => number,
): Promise<Secured> {
  let used = tls.contextFor(null);
  const socket = new TLSSocket(raw, {
    isServer: true,
    secureContext: used.secure,
    requestCert: tls.asksClientCertificate === true,
    rejectUnauthorized: false,
    ...(tls.alpn === undefined ? {} : { ALPNProtocols: [...tls.alpn] }),
    SNICallback: (name, done) => {
      try {
        used = tls.contextFor(name.toLowerCase());
        done(null, used.secure);
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
    },
  });
  await handshake(socket, 'secure', leftMs);
  // A client could use TLS 1.2 renegotiation (RFC 9325 §3.5) to make us compute for nothing, and no mail protocol needs it.
  socket.disableRenegotiation();
  const peerProblem = 'client certificates are not verified by TLS';
  const verdict = { peerVerified: false, peerProblem };
  const certificate = peerCertificate(socket);
  const chain = certificate === null ? [] : [certificate];
  return { socket, session: describe(socket, chain, serverEndPoint(used.certificate), verdict) };
}

/** Makes the TLS handshake as a client on a connected socket. @throws ChannelClosed, ChannelTimeout */
export async function secureAsClient(
  raw: Socket,
  wanted: ClientTls,
  trust: ClientTrust,
  timeoutMs: number,
): Promise<Secured> {
  const { serverName, verifyName = serverName, verify } = wanted;
  const socket = connect({
    socket: raw,
    host: serverName,
    // RFC 6066 §3: literal IPv4 and IPv6 addresses are not permitted in SNI.
    ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
    checkServerIdentity: (_asked, certificate) => checkServerIdentity(verifyName, certificate),
    minVersion: 'TLSv1.2',
    ciphers: cipherSuites,
    rejectUnauthorized: verify === 'require',
    ...(trust.trustedPem === undefined ? {} : { ca: [...trust.trustedPem] }),
    ...(trust.identity === undefined ? {} : { secureContext: trust.identity.secure }),
  });
  await handshake(socket, 'secureConnect', (tookMs) => timeoutMs - tookMs);
  const certificate = peerCertificate(socket);
  const verdict = { peerVerified: socket.authorized, peerProblem: socket.authorized ? null : problemOf(socket) };
  const endPoint = certificate === null ? null : serverEndPoint(certificate);
  return { socket, session: describe(socket, chainOf(certificate), endPoint, verdict) };
}

async function handshake(
  socket: TLSSocket,
  event: 'secure' | 'secureConnect',
  leftMs: (tookMs: number) => number,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onError = (error: Error): void => reject(new ChannelClosed(`TLS failed: ${reasonOf(error)}`, { cause: error }));
  const onClose = (): void => reject(new ChannelClosed('the connection ended during the TLS handshake'));
  const beganMs = performance.now();
  const look = (): void => {
    const waitMs = leftMs(performance.now() - beganMs);
    if (waitMs > 0) timer = setTimeout(look, waitMs);
    else reject(new ChannelTimeout('the TLS handshake took too long'));
  };
  let timer = setTimeout(look, Math.max(0, leftMs(0)));
  // The error listener stays: the channel adds its own, and an error between the two must not end the process.
  socket.on('error', onError);
  socket.once('close', onClose);
  // Sockets are half-open, so the peer's end does not close them.
  socket.once('end', onClose);
  socket.once(event, resolve);
  try {
    await promise;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    socket.off('close', onClose);
    socket.off('end', onClose);
  }
}

/** Returns the peer's certificate; null when it has sent none. Call it once for each socket: Node 24.21 returns nothing the second time. */
function peerCertificate(socket: TLSSocket): X509Certificate | null {
  return socket.getPeerX509Certificate() ?? null;
}

/** Certificates of a server's chain that are read; the rest are ignored. */
const maxChainCertificates = 10;

/** Returns the certificates of a server in the order in which it sent them. */
function chainOf(certificate: X509Certificate | null): X509Certificate[] {
  const chain: X509Certificate[] = [];
  for (let next = certificate ?? undefined; next !== undefined; next = next.issuerCertificate) {
    if (chain.length === maxChainCertificates) break;
    chain.push(next);
  }
  return chain;
}

function describe(
  socket: TLSSocket,
  chain: readonly X509Certificate[],
  endPoint: Uint8Array | null,
  verdict: Pick<TlsSession, 'peerVerified' | 'peerProblem'>,
): TlsSession {
  const peerChain = chain.map(({ raw }) => new Uint8Array(raw));
  const [peerCertificate = null] = peerChain;
  const protocol = socket.getProtocol() ?? 'unknown';
  const { name, standardName } = socket.getCipher();
  return {
    protocol,
    cipher: standardName ?? name,
    serverName: typeof socket.servername === 'string' ? socket.servername : null,
    peerCertificate,
    peerChain,
    peerVerified: verdict.peerVerified,
    peerProblem: peerCertificate === null ? null : verdict.peerProblem,
    exporter: protocol === 'TLSv1.3' ? exported(socket) : null,
    serverEndPoint: endPoint,
  };
}

/** Returns the `tls-exporter` channel binding (RFC 9266 §2): 32 bytes, zero-length context. */
function exported(socket: TLSSocket): Uint8Array {
  return new Uint8Array(socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)));
}

function problemOf(socket: TLSSocket): string {
  // Node declares an Error but sets the code as a string.
  const problem: unknown = socket.authorizationError;
  return problem instanceof Error ? problem.message : String(problem);
}

const maxNamesChars = 200;

/** Returns the reason in words for mail operators: Node's own messages are long, and their hints are about starting Node. */
function reasonOf(error: Error): string {
  const { host, cert } = error as Error & {
    readonly host?: unknown;
    readonly cert?: { readonly subjectaltname?: string };
  };
  if (errorCode(error) === 'ERR_TLS_CERT_ALTNAME_INVALID' && typeof host === 'string') {
    const names = (cert?.subjectaltname ?? '').replaceAll(/(DNS|IP Address):/g, '').slice(0, maxNamesChars);
    return `the certificate is for ${names === '' ? 'nobody by name' : names}, not for ${host.replace(/\.$/, '')}`;
  }
  return error.message.replace(/; if the root CA is installed locally, .*$/s, '');
}
