import assert from 'node:assert/strict';
import { test } from 'node:test';
import { welcome } from './localserve-welcome.ts';

const facts = { folder: '/c', dataDirectory: '/c/data', program: 'npx godwit', option: ' --dir /c' };

test('welcome: one line for both loopback addresses, with credentials in the URLs', () => {
  const lines = welcome({
    ...facts,
    addresses: [
      { service: 'imaps', address: '127.0.0.1', port: 1993 },
      { service: 'imaps', address: '::1', port: 1993 },
      { service: 'imaps', address: '2001:db8::1', port: 1993 },
    ],
  });
  assert.deepEqual(
    lines.filter((line) => line.startsWith('  imaps')).map((line) => line.trim().split(/ {2,}/)[1]),
    [
      'imaps://godwit%40localhost:godwitgodwit@localhost:1993',
      'imaps://godwit%40localhost:godwitgodwit@[2001:db8::1]:1993',
    ],
  );
  assert.equal(lines.at(-1), 'Stop with Ctrl-C, or: npx godwit stop --dir /c');
});

test('welcome: ports that differ are shown with their address', () => {
  const lines = welcome({
    ...facts,
    addresses: [
      { service: 'smtp', address: '127.0.0.1', port: 4001 },
      { service: 'smtp', address: '::1', port: 4002 },
    ],
  });
  const text = lines.join('\n');
  assert.match(text, /smtp:\/\/127\.0\.0\.1:4001/);
  assert.match(text, /smtp:\/\/\[::1\]:4002/);
});
