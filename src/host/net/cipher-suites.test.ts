import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { connect as connectPlain } from 'node:net';
import { test } from 'node:test';
import { connect, createServer, type TLSSocket } from 'node:tls';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { FakeLog } from '#testing/fake-log';
import { listen, nodeDialer, tlsContext, type TlsIdentity } from './index.ts';

const identity = await rsaIdentity();

/** A certificate whose key can be used for static RSA, which keys on curves cannot. */
async function rsaIdentity(): Promise<TlsIdentity> {
  const algorithm = {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
  };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: '01',
      name: [{ CN: ['localhost'] }],
      notBefore: new Date(Date.now() - 86_400_000),
      notAfter: new Date(Date.now() + 86_400_000),
      signingAlgorithm: algorithm,
      keys,
      extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }])],
    },
    webcrypto,
  );
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    certPem: certificate.toString('pem'),
    keyPem: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
  };
}

const staticRsa = 'AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-SHA:AES256-SHA256';
const ephemeral = 'ECDHE-RSA-AES128-GCM-SHA256';

for (const [ciphers, isTaken] of [
  [staticRsa, false],
  [ephemeral, true],
] as const) {
  const outcome = isTaken ? 'agrees to' : 'refuses static RSA (RFC 9325 §4.1):';

  test(`listen ${outcome} ${ciphers}`, async () => {
    const context = tlsContext(identity);
    await using listener = await listen({
      address: '127.0.0.1',
      port: 0,
      log: new FakeLog(),
      tls: { contextFor: () => context },
      immediateTls: true,
      onConnection: async (channel) => {
        await channel.read(5000);
      },
    });
    const socket = connectPlain(listener.port, '127.0.0.1');
    const ended = await handshakeOf(connect({ socket, ciphers, maxVersion: 'TLSv1.2', rejectUnauthorized: false }));
    assert.equal(ended, isTaken ? ephemeral : 'failed');
  });

  test(`nodeDialer ${outcome} ${ciphers}`, async () => {
    const server = createServer({ cert: identity.certPem, key: identity.keyPem, ciphers, maxVersion: 'TLSv1.2' });
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    const dialed = nodeDialer({ trustedPem: [identity.certPem] }).dial({
      address: '127.0.0.1',
      port: address.port,
      timeoutMs: 5000,
      tls: { serverName: 'localhost', verify: 'require' },
    });
    try {
      if (isTaken) (await dialed).destroy();
      else await assert.rejects(dialed, /TLS failed/);
    } finally {
      server.close();
    }
  });
}

/** The cipher suite that was agreed upon, or `failed`. */
async function handshakeOf(socket: TLSSocket): Promise<string> {
  return await new Promise((resolve) => {
    socket.once('secureConnect', () => {
      resolve(socket.getCipher().name);
      socket.destroy();
    });
    socket.on('error', () => resolve('failed'));
  });
}
