import { Socket } from 'node:net';

const longestMs = 1000;

/**
 * Checks whether a port can be opened, by binding a socket to it that never listens: a client that waits for the port is refused as before.
 * Node binds only for a connection, so one is made to a multicast address, which every system refuses without sending anything.
 * @returns the system's error, with a `code` such as EADDRINUSE; null when the port is free.
 */
export async function tryBinding(address: string, port: number): Promise<Error | null> {
  // Node binds `::` for both families, so that a listener of IPv4 would count. The loopback address stands for it, where the machine has it.
  const isAnyIpv6 = address === '::';
  const error = await bindingError(isAnyIpv6 ? '::1' : address, port);
  return isAnyIpv6 && error?.code === 'EADDRNOTAVAIL' ? null : error;
}

function bindingError(address: string, port: number): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const socket = new Socket();
    let refusal: NodeJS.ErrnoException | null = null;
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.syscall === 'bind') refusal = error;
    });
    socket.once('close', () => resolve(refusal));
    socket.setTimeout(longestMs, () => socket.destroy());
    const host = address.includes(':') ? 'ff02::1' : '224.0.0.1';
    socket.connect({ host, port: 9, localAddress: address, localPort: port }, () => socket.destroy());
  });
}
