import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress, type Address } from '#lib/address';
import { generatePrivateKey, parsePrivateKey, type PrivateKey } from '#lib/dkim';
import { parseConfigFiles, type Config } from '#mail/config';
import { SigningPlan } from './index.ts';

const domains = `
domains:
  example.org: { dkim: { selectors: { a: { keyFile: a.pem }, b: { keyFile: b.pem } }, sign: [a] } }
  bücher.example:
    dkim:
      selectors:
        r: { keyFile: a.pem, headers: [From, Subject, X-Own], expiration: 7d }
        s: { keyFile: a.pem, dontSealHeaders: true }
      sign: [r, s]
  missing.example: { dkim: { selectors: { a: { keyFile: a.pem }, x: { keyFile: x.pem } }, sign: [a, x] } }
  plain.example: {}
accounts: { ann: { addresses: [ann@example.org] } }
`;

const key = parsePrivateKey(await generatePrivateKey('ed25519-sha256'));
assert.ok(key.ok);
const keys = new Map<string, PrivateKey>([['a.pem', key.value]]);

function configOf(extra = ''): Config {
  const server = `hostname: Mail.example.org\npostmaster: ann\nlisteners: {}\n${extra}`;
  return parseConfigFiles({ file: 'server.yaml', text: server }, { file: 'domains.yaml', text: domains });
}

function address(text: string): Address {
  const parsed = parseAddress(text, { smtputf8: true });
  assert.ok(parsed.ok, text);
  return parsed.value;
}

async function sign(plan: SigningPlan, from: string, sender: string | null): Promise<string> {
  const facts = { from: address(from), sender: sender === null ? null : address(sender), nowMs: 1_800_000_000_000 };
  const choice = plan.choose(facts);
  if (choice.kind === 'unsigned') return 'unsigned';
  if (choice.kind === 'keyMissing') return `${choice.domain} lacks ${choice.keyFile}`;
  choice.signer.push(new TextEncoder().encode(`From: x@y\r\nSubject: a\r\nTo: b\r\n\r\nhello\r\n`));
  const result = await choice.signer.finish();
  assert.ok(result.kind === 'signed');
  return result.fields
    .replaceAll(/\r\n[ \t]+/g, '')
    .split('\r\n')
    .map((field) => /d=[^;]*;s=[^;]*;|d=[^;]*; s=[^;]*;/.exec(field)?.[0] ?? '')
    .filter((text) => text !== '')
    .join(' ');
}

for (const [from, sender, want] of [
  ['ann@example.org', 'ann@example.org', 'd=example.org; s=a;'],
  ['ann@EXAMPLE.org', null, 'd=example.org; s=a;'],
  ['ann@plain.example', 'ann@example.org', 'unsigned'],
  ['ann@elsewhere.example', 'ann@example.org', 'd=example.org; s=a;'],
  ['ann@elsewhere.example', null, 'unsigned'],
  ['ann@sub.example.org', null, 'unsigned'],
  ['ann@[192.0.2.1]', null, 'unsigned'],
  ['ann@missing.example', null, 'missing.example lacks x.pem'],
  ['postmaster@mail.example.org', null, 'd=example.org; s=a;'],
  ['x@bücher.example', null, 'd=xn--bcher-kva.example; s=r; d=xn--bcher-kva.example; s=s;'],
] as const) {
  test(`SigningPlan.choose: From ${from}, envelope ${sender ?? '<>'}: ${want}`, async () =>
    assert.equal(await sign(new SigningPlan(configOf(), keys), from, sender), want));
}

test('SigningPlan: header fields, seals and expiration are as configured', async () => {
  const choice = new SigningPlan(configOf(), keys).choose({
    from: address('x@bücher.example'),
    sender: null,
    nowMs: 1_800_000_000_000,
  });
  assert.ok(choice.kind === 'signed');
  choice.signer.push(new TextEncoder().encode('From: x@y\r\nSubject: a\r\nX-Own: b\r\nTo: c\r\n\r\nhello\r\n'));
  const result = await choice.signer.finish();
  assert.ok(result.kind === 'signed');
  const [first = '', second = ''] = result.fields.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n');
  assert.match(first.replaceAll(' ', ''), /;t=1800000000;x=1800604800;h=from:from:subject:subject:x-own;/);
  assert.match(second.replaceAll(' ', ''), /;t=1800000000;h=from:to:subject;/);
});
