import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ConfigError,
  addAccount,
  configJsonSchema,
  describeConfig,
  exampleDomains,
  exampleServer,
  parseConfigFiles,
  removeAccount,
} from './index.ts';

const server = exampleServer({ hostname: 'mail.example.org', postmaster: 'alice' });
const domains = exampleDomains({ domain: 'example.org', account: 'alice', address: 'alice@example.org' });

function parse(serverText: string, domainsText: string): readonly string[] {
  try {
    parseConfigFiles({ file: 'server.yaml', text: serverText }, { file: 'domains.yaml', text: domainsText });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n');
  }
}

test('parseConfigFiles accepts the examples, and gives defaults', () => {
  const config = parseConfigFiles({ file: 'server.yaml', text: server }, { file: 'domains.yaml', text: domains });
  assert.equal(config.server.listeners['public']?.maxMessageBytes, 104_857_600);
  assert.equal(config.server.queue.keepRetired, 72 * 3_600_000);
  assert.deepEqual(config.domains.domains['example.org']?.localpartSeparators, ['+']);
});

for (const [what, serverText, domainsText, want] of [
  ['a missing setting', server.replace(/^hostname.*\n/m, ''), domains, /^server.yaml:1:1: hostname: is missing/],
  ['an unknown setting', `${server}hostnam: x\n`, domains, /^server.yaml:\d+:1: hostnam: unknown setting.*describe/],
  [
    'a wrong kind',
    server.replace('port: 25', 'port: many'),
    domains,
    /^server.yaml:13:13: listeners.public.smtp.port: must be a number/,
  ],
  ['a port out of range', server.replace('port: 25', 'port: 70000'), domains, /listeners.public.smtp.port: too big/],
  ['broken YAML', `${server}  : :\n x`, domains, /^server.yaml:\d+:\d+: /],
  [
    'a port used twice',
    server.replace('port: 587', 'port: 25'),
    domains,
    /submission.port: .* is used by listeners.public.smtp already/,
  ],
  [
    'a name for an address',
    server.replace('0.0.0.0', 'localhost'),
    domains,
    /addresses.0: not an IP address: localhost/,
  ],
  [
    'TLS services without a certificate',
    server.replace(/ {4}tls:\n.*\n.*\n/, ''),
    domains,
    /imaps: needs a certificate\. Add/,
  ],
  [
    'a postmaster who is nobody',
    server.replace('postmaster: alice', 'postmaster: bob'),
    domains,
    /^server.yaml:6:1: postmaster: no account bob. Accounts are: alice/,
  ],
  [
    'an address of a foreign domain',
    server,
    domains.replace('- alice@example.org', '- alice@example.net'),
    /^domains.yaml:8:9: accounts.alice.addresses.0: its domain is not configured. Add example.net/,
  ],
  ['an address that is none', server, domains.replace('- alice@example.org', '- alice@'), /not an address/],
  [
    'an alias with a stranger',
    server,
    domains.replace('{}', '{ aliases: { all: { addresses: [x@example.org] } } }'),
    /no account has the address x@example.org/,
  ],
] as const) {
  test(`parseConfigFiles names file, line, column, reason and fix for ${what}`, () => {
    const found = parse(serverText, domainsText);
    assert.ok(
      found.some((line) => want.test(line)),
      found.join('\n'),
    );
  });
}

test('parseConfigFiles reports all problems of both files at once', () => {
  const found = parse(server.replace('port: 25', 'port: x'), domains.replace('- alice@example.org', '- alice@'));
  assert.deepEqual(found.map((line) => line.split(':')[0]).toSorted(), ['domains.yaml', 'server.yaml']);
});

test('addAccount and removeAccount keep comments and order', () => {
  const added = addAccount(domains, 'bob', 'bob@example.net');
  assert.match(added, /# Domains, accounts and addresses/);
  assert.deepEqual(parse(server, added), []);
  assert.deepEqual(parse(server, removeAccount(added, 'bob')), []);
  assert.throws(() => addAccount(added, 'bob', 'bob@example.net'), /exists already/);
  assert.throws(() => removeAccount(domains, 'bob'), /no account bob/);
});

test('removeAccount takes the account’s addresses out of aliases', () => {
  const text = addAccount(domains, 'bob', 'bob@example.org').replace(
    '{}',
    '{ aliases: { both: { addresses: [alice@example.org, Bob@example.org] }, one: { addresses: [bob@example.org] } } }',
  );
  const removed = removeAccount(text, 'bob');
  assert.deepEqual(parse(server, removed), []);
  assert.doesNotMatch(removed, /bob/i);
  assert.doesNotMatch(removed, /one/);
});

test('describeConfig and configJsonSchema cover every setting', () => {
  assert.match(describeConfig('server'), /listeners\.NAME\.smtp\.port \(integer, default 25\)/);
  assert.match(JSON.stringify(configJsonSchema('domains')), /localpartSeparators/);
});
