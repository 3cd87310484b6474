import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { get as secureGet } from 'node:https';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeSelfSigned, type CertificatePem } from '#host/certificates';
import { Files } from '#host/files';
import { FakeLog } from '#testing/fake-log';
import { tempDir } from '#testing/temp-dir';
import { startServer, type RunningServer } from './server.ts';

interface World {
  readonly server: RunningServer;
  readonly log: FakeLog;
  readonly portOf: (service: string) => number;
}

/** Makes a certificate that another than itself has issued. */
async function issued(): Promise<CertificatePem> {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const authority = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create(
    {
      subject: 'CN=mail.example.org',
      issuer: 'CN=Authority of a test',
      publicKey: keys.publicKey,
      signingKey: authority.privateKey,
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    },
    webcrypto,
  );
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    certPem: certificate.toString('pem'),
    keyPem: `-----BEGIN PRIVATE KEY-----\n${key.replaceAll(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`,
  };
}

const selfSigned = (): Promise<CertificatePem> =>
  makeSelfSigned({ names: ['mail.example.org'], days: 9, now: Date.now() });

async function inWorld(
  body: (world: World) => Promise<void>,
  makeCertificate: () => Promise<CertificatePem> = selfSigned,
): Promise<void> {
  await using dir = await tempDir();
  const [folder, log] = [dir.path, new FakeLog()];
  const { certPem, keyPem } = await makeCertificate();
  await writeFile(join(folder, 'cert.pem'), certPem);
  await writeFile(join(folder, 'key.pem'), keyPem);
  const listener = `addresses: [127.0.0.1], tls: { certificateFile: cert.pem, keyFile: key.pem }`;
  const services =
    'imap: { port: 0 }, http: { port: 0 }, https: { port: 0, hosts: [other.example.org, "2001:DB8:0::7"] }';
  await writeFile(
    join(folder, 'server.yaml'),
    `hostname: mail.example.org\npostmaster: ann\nlisteners: { local: { ${listener}, ${services} } }\n`,
  );
  await writeFile(join(folder, 'domains.yaml'), 'domains: { example.org: {} }\naccounts: { ann: {} }\n');
  const onFatal = (error: Error): never => assert.fail(error);
  await using server = await startServer({ folder, files: new Files(), log, onFatal });
  const portOf = (service: string): number => server.addresses.find((one) => one.service === service)?.port ?? 0;
  await body({ server, log, portOf });
}

async function answerTo(
  request: ReturnType<typeof get>,
): Promise<{ status: number; text: string; response: IncomingMessage }> {
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  return { status: response.statusCode ?? 0, text, response };
}

test('http: the start page lists the services, with header fields for security and a line in the log', async () => {
  await inWorld(async ({ portOf, log }) => {
    const headers = { Host: 'mail.example.org' };
    const { status, text, response } = await answerTo(
      get({ host: '127.0.0.1', port: portOf('http'), path: '/?token=secret', headers, agent: false }),
    );
    assert.equal(status, 200);
    assert.match(text, /^Godwit, mail server of mail\.example\.org\n\n {2}imap /);
    assert.match(String(response.headers['content-security-policy']), /^default-src 'none'/);
    assert.equal(response.headers['x-content-type-options'], 'nosniff');
    assert.equal(response.headers['strict-transport-security'], undefined);
    const event = log.events.find(({ event: name }) => name === 'http.request');
    assert.equal(event?.fields['path'], '/');
    assert.match(String(event?.fields['cid']), /^[0-9a-f]{12}$/);
  });
});

test('https: the certificate of the listener, its further names, and HSTS', async () => {
  await inWorld(async ({ portOf }) => {
    const ask = (host: string): ReturnType<typeof answerTo> =>
      answerTo(
        secureGet({
          host: '127.0.0.1',
          port: portOf('https'),
          headers: { Host: host },
          rejectUnauthorized: false,
          agent: false,
        }),
      );
    const { status, response } = await ask('other.example.org');
    assert.equal(status, 200);
    assert.match(response.headers['strict-transport-security'] ?? '', /^max-age=/);
    assert.equal((await ask('[2001:db8::7]')).status, 200);
    assert.equal((await ask('[2001:db8::8]')).status, 421);
    assert.equal((await ask('third.example.org')).status, 421);
  }, issued);
});

test('https: no HSTS with a certificate that no authority issued', async () => {
  await inWorld(async ({ portOf }) => {
    const headers = { Host: 'mail.example.org' };
    const request = { host: '127.0.0.1', port: portOf('https'), headers, rejectUnauthorized: false, agent: false };
    const { status, response } = await answerTo(secureGet(request));
    assert.deepEqual([status, response.headers['strict-transport-security']], [200, undefined]);
  });
});
