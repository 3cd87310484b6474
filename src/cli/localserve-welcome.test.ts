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

test('welcome: two ports of one service, one of them moved', () => {
  const moved = { from: 8025, owner: 'mailpit (process 7)' };
  const lines = welcome({
    ...facts,
    addresses: ['127.0.0.1', '::1'].flatMap((address) => [
      { service: 'http', address, port: 1080 },
      { service: 'http', address, port: 8026, moved },
    ]),
  });
  assert.deepEqual(
    lines.filter((line) => line.startsWith('  http ')).map((line) => line.trim().split(/ {2,}/)[1]),
    ['http://localhost:1080', 'http://localhost:8026'],
  );
  assert.equal(
    lines.filter((line) => line === '  Port 8025 is taken by mailpit (process 7): http is on 8026.').length,
    1,
  );
  assert.ok(lines.includes('  curl --user godwit@localhost:godwitgodwit http://localhost:1080/.well-known/jmap'));
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
