import type { Socket } from 'node:net';
import type { Channel } from '#ports/channel';
import { SocketChannel } from './socket-channel.ts';

/**
 * Hands the socket of a channel over to a protocol of Node, paused and with the bytes that arrived meanwhile: a `TLSSocket` after TLS.
 * Afterwards only `close` and `destroy` of the channel may be called.
 * @throws TypeError for channels that are not of this folder.
 */
export function releaseSocket(channel: Channel): Socket {
  if (channel instanceof SocketChannel) return channel.release();
  throw new TypeError('only connections of host/net have a socket');
}
