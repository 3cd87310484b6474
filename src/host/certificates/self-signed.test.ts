import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { makeSelfSigned } from './index.ts';

test('makeSelfSigned: names, addresses, validity and key fit together', async () => {
  const now = Date.UTC(2026, 10, 23);
  const { certPem, keyPem } = await makeSelfSigned({
    names: ['mail.example.org', 'localhost'],
    ips: ['127.0.0.1', '::1'],
    days: 365,
    now,
  });
  const certificate = new X509Certificate(certPem);
  assert.equal(certificate.checkHost('localhost'), 'localhost');
  assert.equal(certificate.checkHost('mail.example.org'), 'mail.example.org');
  assert.equal(certificate.checkHost('other.example.org'), undefined);
  assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1');
  assert.equal(certificate.checkIP('::1'), '::1');
  assert.ok(certificate.checkPrivateKey(createPrivateKey(keyPem)));
  assert.ok(certificate.verify(certificate.publicKey));
  assert.equal(Date.parse(certificate.validFrom), now - 86_400_000);
  assert.equal(Date.parse(certificate.validTo), now + 365 * 86_400_000);
  assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
});
