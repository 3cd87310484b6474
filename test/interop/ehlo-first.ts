import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';

/** A port on 127.0.0.1. */
interface Relay extends AsyncDisposable {
  readonly port: number;
}

/**
 * A TCP relay to an SMTP server that says EHLO for its client, before the STARTTLS with which the client begins: GNU SASL's does, and we want to
 * be greeted. TLS is between the client and the server.
 */
export async function startEhloFirst(target: { readonly host: string; readonly port: number }): Promise<Relay> {
  const open = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    open.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => open.delete(socket));
    return socket;
  };
  const relay = createServer((client) => {
    const server = keep(connect(target.port, target.host));
    join(keep(client), server).catch(() => {
      client.destroy();
      server.destroy();
    });
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  return {
    port: (relay.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      relay.close();
      await once(relay, 'close');
    },
  };
}

async function join(client: Socket, server: Socket): Promise<void> {
  client.write(await chunk(server));
  const command = await chunk(client);
  server.write('EHLO relay.test\r\n');
  await chunk(server);
  server.write(command);
  client.pipe(server);
  server.pipe(client);
}

/** Reads the next command or reply; either fits into one packet on loopback. */
async function chunk(socket: Socket): Promise<Buffer> {
  const coming = once(socket, 'data');
  socket.resume();
  const [data] = (await coming) as [Buffer];
  socket.pause();
  return data;
}
