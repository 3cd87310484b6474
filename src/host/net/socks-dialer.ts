import type { Socket } from 'node:net';
import { parseIp } from '#lib/domain';
import type { Secret } from '#lib/secret';
import { SocksClient, type SocksStep } from '#lib/socks';
import { DialFailed, type Dialer } from '#ports/dialer';
import { type DialRequest, openChannel, withinTime } from './dialer.ts';
import type { ClientTrust } from './handshake.ts';
import { defaultNetLimits, type NetLimits } from './limits.ts';

/** A SOCKS5 proxy, and what connections through it may use. */
export interface SocksDialerOptions extends ClientTrust {
  readonly proxy: {
    /** IP address, or a name that the system resolves. */
    readonly host: string;
    readonly port: number;
    /** Username and password (RFC 1929), which cross the network in plaintext. */
    readonly credentials?: { readonly user: string; readonly password: Secret };
  };
  readonly limits?: Partial<NetLimits>;
}

/**
 * Creates a dialer that connects through a SOCKS5 proxy (RFC 1928). `address` may be a name (A-label) here: the proxy looks it up, so that this
 * machine sends no query about the target. `localAddress` and the channel's `remote` belong to the connection to the proxy. `timeoutMs` covers
 * all steps. `dial` rejects with DialFailed.
 */
export function socksDialer({ proxy, limits, ...clientTrust }: SocksDialerOptions): Dialer {
  const all = { ...defaultNetLimits, ...limits };
  return { dial: (to) => dialThrough(to, proxy, clientTrust, all) };
}

async function dialThrough(
  to: DialRequest,
  proxy: SocksDialerOptions['proxy'],
  clientTrust: ClientTrust,
  limits: NetLimits,
) {
  const { host, port, credentials } = proxy;
  const client = clientFor(to, credentials);
  let isReady = false;
  let blame: 'proxy' | 'target' = 'proxy';
  const prepare = async (socket: Socket, timeoutMs: number): Promise<void> => {
    // A silent proxy may be waiting for the target.
    blame = 'target';
    await negotiate(socket, client, timeoutMs, to.signal, (step) => (blame = step.blame));
    isReady = true;
  };
  try {
    return await openChannel(to, { place: { host, port }, clientTrust, limits, prepare });
  } catch (error) {
    // A failure after the proxy has connected concerns the target.
    if (isReady || !(error instanceof DialFailed)) throw error;
    const where = `SOCKS proxy ${host.includes(':') ? `[${host}]` : host}:${port}`;
    throw new DialFailed(`${where}: ${error.message}`, { cause: error, isEverywhere: blame === 'proxy' });
  }
}

/** Creates the client side of SOCKS. @throws DialFailed for a name that SOCKS cannot carry: names may come from DNS. */
function clientFor(to: DialRequest, credentials: SocksDialerOptions['proxy']['credentials']): SocksClient {
  const ip = parseIp(to.address);
  const target = { host: ip.ok ? ip.value : to.address, port: to.port };
  try {
    return new SocksClient({ target, ...(credentials !== undefined && { credentials }) });
  } catch (error) {
    if (error instanceof RangeError) throw new DialFailed(error.message, { cause: error });
    throw error;
  }
}

/** Asks the proxy to connect to the target. Early bytes of the target stay in the socket for the channel. */
async function negotiate(
  socket: Socket,
  client: SocksClient,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  onFailed: (step: Extract<SocksStep, { kind: 'failed' }>) => void,
): Promise<void> {
  let onReadable: () => void = () => undefined;
  let onEnd = onReadable;
  try {
    await withinTime(socket, timeoutMs, signal, (resolve, fail) => {
      const act = (step: SocksStep): boolean => {
        if (step.kind === 'send') socket.write(step.bytes);
        if (step.kind === 'failed') {
          onFailed(step);
          fail(step.reason);
        }
        if (step.kind !== 'connected') return step.kind !== 'failed';
        // Bytes that are put back raise `readable` again, but now they belong to the channel.
        socket.off('readable', onReadable);
        if (step.rest.length > 0) socket.unshift(step.rest);
        resolve();
        return false;
      };
      onReadable = () => {
        for (let goesOn = true; goesOn;) {
          const chunk: unknown = socket.read();
          goesOn = chunk instanceof Uint8Array && act(client.push(chunk));
        }
      };
      onEnd = () => void act(client.end());
      socket.on('readable', onReadable);
      socket.once('end', onEnd);
      socket.once('close', onEnd);
      socket.write(client.greeting);
    });
  } finally {
    socket.off('readable', onReadable);
    socket.off('end', onEnd);
    socket.off('close', onEnd);
  }
}
