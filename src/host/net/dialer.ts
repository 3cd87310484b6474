import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { Channel } from '#ports/channel';
import { DialFailed, type Dialer } from '#ports/dialer';
import type { ClientTrust } from './handshake.ts';
import { defaultNetLimits, type NetLimits } from './limits.ts';
import { SocketChannel } from './socket-channel.ts';

/** Options of outgoing connections. */
export interface NodeDialerOptions extends ClientTrust {
  readonly limits?: Partial<NetLimits>;
}

/** Request for one connection, as in the port. */
export type DialRequest = Parameters<Dialer['dial']>[0];

/** Creates a dialer that connects directly from this machine; `dial` rejects with DialFailed. */
export function nodeDialer({ limits, ...clientTrust }: NodeDialerOptions = {}): Dialer {
  const all = { ...defaultNetLimits, ...limits };
  return { dial: (to) => openChannel(to, { place: { host: to.address, port: to.port }, clientTrust, limits: all }) };
}

/** Arguments of opening a channel. */
interface Opening {
  /** Address to which TCP connects. */
  readonly place: { readonly host: string; readonly port: number };
  readonly clientTrust: ClientTrust;
  readonly limits: NetLimits;
  /** Runs in plaintext before the channel exists, such as the negotiation with a proxy. @throws DialFailed */
  readonly prepare?: (socket: Socket, timeoutMs: number) => Promise<void>;
}

/** Connects, prepares and, if the request asks for TLS, secures the connection within the request's timeout. @throws DialFailed */
export async function openChannel(to: DialRequest, opening: Opening): Promise<Channel> {
  const { place, clientTrust, limits, prepare } = opening;
  const endMs = performance.now() + to.timeoutMs;
  const leftMs = (): number => Math.max(1, endMs - performance.now());
  const options: TcpNetConnectOpts & { readonly highWaterMark: number } = {
    ...place,
    ...(to.localAddress === undefined ? {} : { localAddress: to.localAddress }),
    allowHalfOpen: true,
    highWaterMark: limits.maxUnsentBytes,
  };
  const socket = connect(options);
  await withinTime(socket, to.timeoutMs, to.signal, (resolve) => socket.once('connect', resolve));
  await prepare?.(socket, leftMs());
  const channel = new SocketChannel(socket, {
    limits: { ...limits, handshakeTimeoutMs: to.tls === undefined ? limits.handshakeTimeoutMs : leftMs() },
    serverTls: null,
    handshakes: null,
    clientTrust,
  });
  if (to.tls === undefined) return channel;
  const onAbort = (): void => channel.destroy();
  to.signal?.addEventListener('abort', onAbort, { once: true });
  if (to.signal?.aborted === true) onAbort();
  try {
    await channel.startTls(to.tls);
    return channel;
  } catch (error) {
    throw new DialFailed(error instanceof Error ? error.message : String(error), { cause: error });
  } finally {
    to.signal?.removeEventListener('abort', onAbort);
  }
}

/**
 * Runs one step of connecting, which `begin` starts and settles. Destroys the socket when the step fails.
 * @throws DialFailed when the step fails, the timeout passes, the socket fails or the signal aborts.
 */
export function withinTime(
  socket: Socket,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  begin: (resolve: () => void, fail: (reason: string) => void) => void,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (reason: string, cause?: unknown): void => reject(new DialFailed(reason, { cause }));
  const timer = setTimeout(() => fail(`no answer within ${Math.round(timeoutMs / 1000)} s`), timeoutMs);
  const onAbort = (): void => fail('given up', signal?.reason);
  // Stays until the channel adds its own listener: an unhandled socket error would end the process.
  socket.on('error', (error) => fail(reasonOf(error), error));
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  begin(resolve, fail);
  return promise
    .catch((error: unknown) => {
      socket.destroy();
      throw error;
    })
    .finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    });
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'no answer',
  ECONNRESET: 'connection reset',
  EADDRNOTAVAIL: 'local address not available',
  EACCES: 'connecting is not permitted',
};

function reasonOf(error: Error): string {
  return ('code' in error && typeof error.code === 'string' ? reasons[error.code] : undefined) ?? error.message;
}
