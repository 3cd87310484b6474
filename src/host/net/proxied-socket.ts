import type { Socket } from 'node:net';
import { parseProxyHeader, type ProxyHeader } from '#lib/proxy-protocol';
import type { NetLimits } from './limits.ts';

/** Result of waiting for a PROXY header. `silent`: the proxy left before it had sent anything, as a check of the port does. */
type Received =
  | { readonly kind: 'header'; readonly relayed: ProxyHeader['relayed'] }
  | { readonly kind: 'silent' }
  | { readonly kind: 'bad'; readonly reason: string };

/**
 * Reads the PROXY header of a connection. The socket is paused afterwards, with the bytes behind the header still to be read; an error listener stays.
 */
export function readProxyHeader(socket: Socket, { proxyHeaderTimeoutMs }: NetLimits): Promise<Received> {
  const { promise, resolve } = Promise.withResolvers<Received>();
  let arrived: Buffer = Buffer.alloc(0);
  const settle = (received: Received): void => {
    clearTimeout(timer);
    socket.off('data', onData);
    socket.off('end', onEnd);
    socket.off('close', onEnd);
    socket.pause();
    resolve(received);
  };
  const onData = (bytes: Buffer): void => {
    arrived = arrived.length === 0 ? bytes : Buffer.concat([arrived, bytes]);
    const step = parseProxyHeader(arrived);
    if (step.kind === 'more') return;
    if (step.kind === 'bad') return settle(step);
    const rest = arrived.subarray(step.sizeBytes);
    settle({ kind: 'header', relayed: step.relayed });
    if (rest.length > 0) socket.unshift(rest);
  };
  const onEnd = (): void =>
    settle(arrived.length === 0 ? { kind: 'silent' } : { kind: 'bad', reason: 'it ended within its PROXY header' });
  const onTimeout = (): void => settle({ kind: 'bad', reason: `no PROXY header within ${proxyHeaderTimeoutMs} ms` });
  const timer = setTimeout(onTimeout, proxyHeaderTimeoutMs);
  socket.on('error', () => undefined);
  socket.on('data', onData);
  socket.once('end', onEnd);
  socket.once('close', onEnd);
  return promise;
}
