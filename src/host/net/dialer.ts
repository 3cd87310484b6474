import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { Channel } from '#ports/channel';
import { DialFailed, type Dialer } from '#ports/dialer';
import type { ClientTrust } from './handshake.ts';
import { defaultNetLimits, type NetLimits } from './limits.ts';
import { SocketChannel } from './socket-channel.ts';

/** What outgoing connections may use. */
export interface NodeDialerOptions extends ClientTrust {
  readonly limits?: Partial<NetLimits>;
}

/** Opens connections with the machine's own network. */
export function nodeDialer({ limits, ...clientTrust }: NodeDialerOptions = {}): Dialer {
  const all = { ...defaultNetLimits, ...limits };
  return { dial: (to) => dial(to, clientTrust, all) };
}

async function dial(to: Parameters<Dialer['dial']>[0], clientTrust: ClientTrust, limits: NetLimits): Promise<Channel> {
  const startMs = performance.now();
  const options: TcpNetConnectOpts & { readonly highWaterMark: number } = {
    host: to.address,
    port: to.port,
    ...(to.localAddress === undefined ? {} : { localAddress: to.localAddress }),
    allowHalfOpen: true,
    highWaterMark: limits.maxUnsentBytes,
  };
  const socket = connect(options);
  await connected(socket, to.timeoutMs, to.signal);
  const leftMs = Math.max(1, to.timeoutMs - (performance.now() - startMs));
  const channel = new SocketChannel(socket, {
    limits: { ...limits, handshakeTimeoutMs: to.tls === undefined ? limits.handshakeTimeoutMs : leftMs },
    serverTls: null,
    clientTrust,
  });
  if (to.tls === undefined) return channel;
  const onAbort = (): void => channel.destroy();
  to.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await channel.startTls(to.tls);
    return channel;
  } catch (error) {
    throw new DialFailed(error instanceof Error ? error.message : String(error), { cause: error });
  } finally {
    to.signal?.removeEventListener('abort', onAbort);
  }
}

function connected(socket: Socket, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (reason: string, cause?: unknown): void => reject(new DialFailed(reason, { cause }));
  const timer = setTimeout(() => fail(`no answer within ${Math.round(timeoutMs / 1000)} s`), timeoutMs);
  const onAbort = (): void => fail('given up', signal?.reason);
  socket.once('connect', resolve);
  // Stays until the channel has its own: nothing that a socket says may end the process.
  socket.on('error', (error) => fail(reasonOf(error), error));
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
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
