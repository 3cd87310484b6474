import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWindows } from '#host/process';
import { parseServerFile } from '#mail/config';
import { configuredPorts, portProblem } from './configured-ports.ts';

const config = parseServerFile({
  file: 'server.yaml',
  text: `hostname: mail.example.org
postmaster: ann
listeners:
  public:
    addresses: ['192.0.2.1', '2001:db8::1']
    smtp: {}
    imap: { enabled: false }
  inside:
    addresses: ['127.0.0.1']
    submission: { port: 2587, allowPlaintextAuth: true }
`,
});

test('configuredPorts: each enabled service at each address', () => {
  assert.deepEqual(
    configuredPorts(config).map(({ name, service, address, port }) => `${name} ${service.name} ${address} ${port}`),
    ['public smtp 192.0.2.1 25', 'public smtp 2001:db8::1 25', 'inside submission 127.0.0.1 2587'],
  );
});

for (const [code, want] of [
  ['EADDRINUSE', 'another program uses this port. Stop it, or choose another port'],
  ...(isWindows
    ? []
    : [['EACCES', 'ports below 1024 need root. Start as root: the server gives it up after binding'] as const]),
  ['EOTHER', 'strange. Check the address and the port'],
] as const) {
  test(`portProblem: ${code}`, () => {
    const [first] = configuredPorts(config);
    assert.ok(first !== undefined);
    const { path, reason, fix } = portProblem(first, Object.assign(new Error('strange'), { code }));
    assert.deepEqual(path, ['listeners', 'public', 'smtp', 'port']);
    assert.equal(`${reason}. ${fix}`, `cannot listen on 192.0.2.1 port 25 for smtp: ${want}`);
  });
}

test('portProblem: an address that is not on this machine is blamed itself, in the same words for each port', () => {
  const told = configuredPorts(config)
    .filter(({ address }) => address === '2001:db8::1')
    .map((configured) => portProblem(configured, Object.assign(new Error('strange'), { code: 'EADDRNOTAVAIL' })));
  assert.deepEqual(told, [
    {
      path: ['listeners', 'public', 'addresses', 1],
      reason: 'cannot listen on 2001:db8::1: this machine does not have that address',
      fix: "Write an address that 'ip addr' or 'ipconfig' lists",
    },
  ]);
});
