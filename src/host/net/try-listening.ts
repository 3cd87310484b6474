import { createServer } from 'node:net';

/**
 * Opens a port and closes it at once, to find out whether it can be had. A client that connects in that moment is cut off.
 * @returns the error of the system, with `code` such as EADDRINUSE; null when the port can be had.
 */
export function tryListening(address: string, port: number): Promise<Error | null> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', resolve);
    const options = { host: address, port, backlog: 1, ipv6Only: address.includes(':'), exclusive: true };
    server.listen(options, () => server.close(() => resolve(null)));
  });
}
