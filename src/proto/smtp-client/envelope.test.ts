import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noExtensions } from '#lib/smtp';
import { rcptCommand } from './envelope.ts';
import type { OutgoingMail } from './types.ts';

const dsn = { ...noExtensions, dsn: true };

for (const [smtputf8, type, address, want] of [
  [false, 'rfc822', 'a+b@example.org', 'RCPT TO:<postmaster> ORCPT=rfc822;a+2Bb@example.org'],
  // RFC 6533 §3
  [false, 'utf-8', 'jürgen@example.org', 'RCPT TO:<postmaster> ORCPT=utf-8;j\\x{FC}rgen@example.org'],
  [true, 'utf-8', 'jürgen@example.org', 'RCPT TO:<postmaster> ORCPT=utf-8;jürgen@example.org'],
] as const) {
  test(`rcptCommand writes ORCPT of type ${type} ${smtputf8 ? 'with' : 'without'} SMTPUTF8`, () => {
    const mail: OutgoingMail = {
      from: null,
      recipients: [],
      sizeBytes: 0,
      eightBit: false,
      smtputf8,
      requireTls: false,
      content: async function* () {},
    };
    assert.equal(rcptCommand({ address: 'postmaster', orcpt: { type, address } }, mail, dsn), want);
  });
}
