import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { tryBinding } from './try-binding.ts';

async function codeOf(address: string, port: number): Promise<unknown> {
  const error = await tryBinding(address, port);
  return error === null || !('code' in error) ? error : error.code;
}

test('tryBinding: a port that is free is free afterwards; one in use and a foreign address are errors', async () => {
  await using taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as AddressInfo;
  assert.equal(await codeOf('127.0.0.1', port), 'EADDRINUSE');
  // TEST-NET-1 (RFC 5737) is on no machine.
  assert.equal(await codeOf('192.0.2.99', port), 'EADDRNOTAVAIL');
  assert.equal(await codeOf('::', port), null, 'a listener of IPv4 leaves the port to IPv6');
  await new Promise((resolve) => taken.close(resolve));
  assert.equal(await codeOf('127.0.0.1', port), null);
  assert.equal(await codeOf('127.0.0.1', port), null);
  await new Promise<void>((resolve) => taken.listen(port, '127.0.0.1', resolve));
});

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

test('tryBinding: a listener of IPv6', { skip: !hasIpv6 && 'the machine has no IPv6' }, async () => {
  await using taken = createServer();
  await new Promise<void>((resolve) => taken.listen({ port: 0, host: '::', ipv6Only: true }, resolve));
  const { port } = taken.address() as AddressInfo;
  assert.equal(await codeOf('::', port), 'EADDRINUSE');
  assert.equal(await codeOf('::1', port), 'EADDRINUSE');
});

test(
  'tryBinding: no client is ever accepted',
  { skip: process.platform !== 'linux' && 'the client needs an address of its own' },
  async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const done = new AbortController();
    const refusals: unknown[] = [];
    const clients = async (): Promise<void> => {
      while (!done.signal.aborted) {
        const socket = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' });
        const [error] = (await Promise.race([once(socket, 'error'), once(socket, 'connect')]).catch(
          (thrown: unknown) => [thrown],
        )) as [NodeJS.ErrnoException | undefined];
        socket.destroy();
        refusals.push(error?.code);
      }
    };
    const trying = clients();
    for (let tries = 0; tries < 200; tries += 1) assert.equal(await codeOf('127.0.0.1', port), null);
    done.abort();
    await trying;
    assert.deepEqual([...new Set(refusals)], ['ECONNREFUSED']);
  },
);
