import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { tryListening } from './try-listening.ts';

test('tryListening: a port that is free is free afterwards; one in use and a foreign address are errors', async () => {
  await using taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as AddressInfo;
  const codeOf = async (address: string): Promise<unknown> => {
    const error = await tryListening(address, port);
    return error === null || !('code' in error) ? error : error.code;
  };
  assert.equal(await codeOf('127.0.0.1'), 'EADDRINUSE');
  // TEST-NET-1 (RFC 5737) is on no machine.
  assert.equal(await codeOf('192.0.2.99'), 'EADDRNOTAVAIL');
  await new Promise((resolve) => taken.close(resolve));
  assert.equal(await codeOf('127.0.0.1'), null);
  assert.equal(await codeOf('127.0.0.1'), null);
});
