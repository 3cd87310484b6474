import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientTlsFor, securedSession, type SessionTls } from './index.ts';

const mx = 'mx.example.net';

for (const [name, addresses, want] of [
  [mx, ['192.0.2.1'], `${mx} ${mx}`],
  ['[192.0.2.7]', ['192.0.2.7'], '192.0.2.7 192.0.2.7'],
  ['[IPv6:2001:db8::7]', ['2001:db8::7'], '2001:db8::7 2001:db8::7'],
] as const) {
  test(`clientTlsFor(${name})`, () => {
    const host = { name, addresses, canonicalName: name, isAuthentic: false };
    const decided = {
      kind: 'connect',
      demand: { kind: 'opportunistic' },
      serverName: name,
      requireTls: 'no',
      setAside: [],
      measures: [],
    } as const;
    const { serverName, verifyName } = clientTlsFor(host, decided);
    assert.equal(`${serverName} ${verifyName}`, want);
  });
}

test('securedSession: a server without a certificate is not verified', () => {
  const session: SessionTls = securedSession({
    protocol: 'TLSv1.2',
    cipher: 'x',
    serverName: null,
    peerCertificate: null,
    peerChain: [],
    peerVerified: false,
    peerProblem: null,
    exporter: null,
    serverEndPoint: null,
  });
  assert.deepEqual(session, { kind: 'secured', chain: [], pkixProblem: 'no certificate' });
});
