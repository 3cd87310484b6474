import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, exampleDomains, exampleServer, parseConfigFiles, type DkimConfig } from './index.ts';
import { EditRefused } from './edit.ts';
import { addDkimSelector, removeDkimSelector } from './edit-dkim.ts';

const server = exampleServer({ hostname: 'mail.example.org', postmaster: 'alice' });
const plain = exampleDomains({ domain: 'example.org', account: 'alice', address: 'alice@example.org' });

/** A `domains.yaml` whose domain has these DKIM settings at line 4. */
const withDkim = (settings: string): string => plain.replace('example.org: {}', `example.org: { dkim: ${settings} }`);

function parse(domains: string): DkimConfig | readonly string[] {
  try {
    const config = parseConfigFiles({ file: 'server.yaml', text: server }, { file: 'domains.yaml', text: domains });
    return config.domains.domains['example.org']?.dkim ?? [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n');
  }
}

test('parseConfigFiles: a domain signs nothing by default', () => {
  assert.deepEqual(parse(plain), { selectors: {}, sign: [] });
});

test('parseConfigFiles: keys with and without settings', () => {
  const rsa = 'keyFile: a.pem, algorithm: rsa-sha256, headers: [From, X-Own], expiration: 30d, dontSealHeaders: true';
  assert.deepEqual(parse(withDkim(`{ selectors: { 2026a: { ${rsa} }, b: { keyFile: /b.pem } }, sign: [2026a] }`)), {
    selectors: {
      '2026a': {
        keyFile: 'a.pem',
        algorithm: 'rsa-sha256',
        headers: ['From', 'X-Own'],
        expiration: 30 * 86_400_000,
        dontSealHeaders: true,
      },
      b: { keyFile: '/b.pem', dontSealHeaders: false },
    },
    sign: ['2026a'],
  });
});

for (const [settings, want] of [
  ['{ sign: [a] }', "domains.yaml:4:33: domains.example.org.dkim.sign.0: no selector a. 'godwit dkim add' makes one"],
  [
    '{ selectors: { b: { keyFile: x } }, sign: [a] }',
    'domains.yaml:4:67: domains.example.org.dkim.sign.0: no selector a. Selectors are: b',
  ],
  [
    '{ selectors: { b: { keyFile: x } }, sign: [b, b] }',
    'domains.yaml:4:70: domains.example.org.dkim.sign.1: b is there twice. Remove one of them',
  ],
  [
    '{ selectors: { b: { keyFile: x }, B: { keyFile: y } } }',
    'domains.yaml:4:58: domains.example.org.dkim.selectors.B: is the same selector as b. Keep one of them',
  ],
  [
    "{ selectors: { 'a b': { keyFile: x } } }",
    /^domains.yaml:4:39: domains.example.org.dkim.selectors.a b: not a selector: .*\. Use letters, digits and hyphens/,
  ],
  ['{ selectors: { a: {} } }', /^domains.yaml:4:39: .*\.selectors\.a\.keyFile: is missing/],
  [
    '{ selectors: { a: { keyFile: x, algorithm: rsa-sha1 } } }',
    /^domains.yaml:4:56: .*algorithm: not one of the values possible here. Write rsa-sha256 or ed25519-sha256/,
  ],
  [
    '{ selectors: { a: { keyFile: x, headers: [Subject, Received] } } }',
    /^domains.yaml:4:75: .*headers\.1: Received changes on the way, and the signature would break\. Remove it/,
  ],
  ["{ selectors: { a: { keyFile: x, headers: ['To:'] } } }", /headers\.0: not the name of a header field/],
  ['{ selectors: { a: { keyFile: x, expiration: 5m } } }', /expiration: must be from 1h to/],
] as const) {
  test(`parseConfigFiles, dkim: ${settings}`, () => {
    const found = parse(withDkim(settings));
    assert.ok(Array.isArray(found));
    assert.equal(found.length, 1, found.join('\n'));
    if (typeof want === 'string') assert.equal(found[0], want);
    else assert.match(String(found[0]), want);
  });
}

const key = { domain: 'Example.org', selector: '2026a', keyFile: 'dkim/example.org/2026a.pem' };

test('addDkimSelector and removeDkimSelector keep everything else', () => {
  const one = addDkimSelector(plain, key);
  assert.deepEqual(parse(one), {
    selectors: { '2026a': { keyFile: 'dkim/example.org/2026a.pem', dontSealHeaders: false } },
    sign: ['2026a'],
  });
  assert.match(
    one,
    /^# Domains, accounts[^]*\n {2}example\.org:\n {4}dkim:\n {6}selectors:\n {8}2026a:\n {10}keyFile: /m,
  );
  const two = addDkimSelector(one, { ...key, selector: '2027', keyFile: 'b.pem' });
  assert.deepEqual((parse(two) as DkimConfig).sign, ['2026a', '2027']);
  assert.equal(removeDkimSelector(two, 'example.org', '2027'), one);
  assert.deepEqual(parse(removeDkimSelector(one, 'EXAMPLE.org', '2026A')), parse(plain));
  assert.equal(removeDkimSelector(two, 'example.org', '2026a').includes('2026a'), false);
});

for (const [title, edit, reason] of [
  ['adding to a foreign domain', () => addDkimSelector(plain, { ...key, domain: 'example.net' }), /no domain/],
  ['adding twice', () => addDkimSelector(addDkimSelector(plain, key), key), /has a selector 2026a already/],
  ['removing what is not there', () => removeDkimSelector(plain, 'example.org', '2026a'), /has no selector 2026a/],
] as const) {
  test(`EditRefused: ${title}`, () => {
    assert.throws(edit, (error) => error instanceof EditRefused && reason.test(error.message));
  });
}
