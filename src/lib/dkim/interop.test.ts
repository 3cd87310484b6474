import {
  dinner,
  ed25519Key,
  keyRecords,
  rsaKey,
  rsaPem,
  show,
  signMessage,
  verifyMessage,
} from '#testing/dkim-samples';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { createTransport } from 'nodemailer';

test('MessageVerifier passes what nodemailer signs', async () => {
  const dkim = { domainName: 'football.example.com', keySelector: 'test', privateKey: rsaPem };
  const transport = createTransport({ streamTransport: true, buffer: true, newline: 'windows', dkim });
  const { message } = await transport.sendMail({
    from: 'Jürgen <j@football.example.com>',
    to: ['a@example.net', 'b@example.net'],
    subject: 'Grüße  mit   Leerzeichen und einer langen Zeile, die gefaltet werden muss, ganz sicher',
    text: 'Zeile  \t eins\n\n\nZeile zwei \n\n\n',
    attachments: [{ filename: 'a.bin', content: 'x'.repeat(10_000) }],
  });
  assert.ok(message instanceof Uint8Array);
  assert.deepEqual(show(await verifyMessage(message, {}, [100, 5000])), ['pass']);
});

/** Folder of Debian's python3-dkim. */
const dkimpy = '/usr/lib/python3/dist-packages/dkim';

const verifyAll = `
import sys, dkim
message = sys.stdin.buffer.read()
records = dict(pair.split('|', 1) for pair in sys.argv[1:])
lookup = lambda name, timeout=5: records[name.decode().rstrip('.')].encode()
print([dkim.DKIM(message).verify(idx=i, dnsfunc=lookup) for i in range(message.count(b'DKIM-Signature:'))])
`;

test(
  'MessageSigner: python3-dkim passes what we sign',
  { skip: !existsSync(dkimpy) && 'python3-dkim is not installed' },
  async () => {
    const simple = { header: 'simple', body: 'simple' } as const;
    const keys = [rsaKey, { ...rsaKey, canonicalizations: simple, lifetimeS: 1_000_000_000 }, ed25519Key];
    const input = (await signMessage(dinner, keys)) + dinner;
    const records = Object.entries(keyRecords).map(([name, record]) => `${name}|${record}`);
    const { stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', verifyAll, ...records], {
      input,
      encoding: 'utf8',
    });
    assert.equal(stdout.trim(), '[True, True, True]', stderr);
  },
);
