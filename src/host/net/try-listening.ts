import { createServer } from 'node:net';

/**
 * Checks whether a port can be opened, by opening and closing it. A client that connects in that moment is cut off.
 * @returns the system's error, with a `code` such as EADDRINUSE; null when the port is free.
 */
export function tryListening(address: string, port: number): Promise<Error | null> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', resolve);
    const options = { host: address, port, backlog: 1, ipv6Only: address.includes(':'), exclusive: true };
    server.listen(options, () => server.close(() => resolve(null)));
  });
}
