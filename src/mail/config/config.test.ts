import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ConfigError,
  configJsonSchema,
  describeConfig,
  exampleDomains,
  exampleServer,
  formatProblem,
  parseConfigFiles,
  problemInFile,
} from './index.ts';
import { addAccount, removeAccount } from './edit.ts';

const example = exampleServer({ hostname: 'mail.example.org', postmaster: 'alice' });
/** Without the comments at the end, so that tests can go on below `listeners`. */
const server = example.replace(/^# Mail goes [^]*/m, '');
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
  const config = parseConfigFiles({ file: 'server.yaml', text: example }, { file: 'domains.yaml', text: domains });
  assert.equal(config.server.listeners['public']?.maxMessageBytes, 104_857_600);
  assert.equal(config.server.queue.keepFinished, 7 * 24 * 3_600_000);
  assert.deepEqual(config.domains.domains['example.org']?.localpartSeparators, ['+']);
  // GNU SASL in mutt and neomutt would choose channel binding, and fail.
  assert.equal(
    config.server.listeners['public']?.mechanisms.join(' '),
    'EXTERNAL SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 PLAIN LOGIN',
  );
});

test('exampleServer: the smarthost in its comments works', () => {
  const text = example.replaceAll(/^#(?=transports|routes| {2})/gm, '');
  const { routes, transports } = parseConfigFiles(
    { file: 'server.yaml', text },
    { file: 'domains.yaml', text: domains },
  ).server;
  assert.deepEqual([Object.keys(transports), routes.length], [['smarthost'], 1]);
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
  [
    'a port out of range',
    server.replace('port: 25', 'port: 70000'),
    domains,
    /listeners.public.smtp.port: must be at most 65535/,
  ],
  ['broken YAML', `${server}  : :\n x`, domains, /^server.yaml:\d+:\d+: /],
  [
    'a port used twice',
    server.replace('port: 587', 'port: 25'),
    domains,
    /submission.port: port 25 is used by listeners.public.smtp already\. Give it/,
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

const one = 'domains: { example.org: {} }\naccounts: { alice: { addresses: [alice@example.org] } }\n';

for (const [serverText, domainsText, want] of [
  ['', one, "server.yaml:1:1: the file is empty. 'godwit config example' prints one to start from"],
  ['a:\n\tb: 1\n', one, 'server.yaml:2:1: a tab at the beginning of a line. Indent with spaces'],
  [`${server}hostname: x\n`, one, 'server.yaml:18:1: hostname is there twice. Keep one of them'],
  ['hostname: *foo\n', one, 'server.yaml:1:11: *foo names nothing. Put texts that begin with * in quotes'],
  [`${server}---\n`, one, 'server.yaml:18:1: a second document begins here. Remove the line ---'],
  ['hostname mail\npostmaster: x\n', one, 'server.yaml:1:1: this is not "name: value". Check for'],
  ['hostname: [a\n', one, 'server.yaml:2:1: a bracket that was opened before is not closed. Add the missing ] or }'],
  ['hostname: @x\n', one, 'server.yaml:1:11: a value cannot begin with @. Put the whole text in quotes'],
  ['hostname: "x\n', one, 'server.yaml:2:1: a quote is not closed. Add the missing quote'],
  ['just text', one, 'server.yaml:1:1: must be a block of settings'],
  [
    server.replace('mail.example.org', ''),
    one,
    'server.yaml:4:1: hostname: has no value; it must be a text. Write it after the colon',
  ],
  [
    `${server}log: { level: loud }`,
    one,
    'server.yaml:18:8: log.level: not one of the values possible here. Write debug, info, warn or error',
  ],
  [
    `${server}hostnam: x`,
    one,
    "server.yaml:18:1: hostnam: unknown setting. Did you mean hostname? 'godwit config describe' lists the settings",
  ],
  [
    `${server}queue: { hostname: x }`,
    one,
    "server.yaml:18:10: queue.hostname: unknown setting. 'godwit config describe' lists the settings; check",
  ],
  [
    `${server}transports: { t: { kind: socks, host: p.example, remoteHostnam: x } }`,
    one,
    'server.yaml:18:50: transports.t.remoteHostnam: unknown setting. Did you mean remoteHostname?',
  ],
  [
    `${server}queue: { retryAfter: 5m }`,
    one,
    'server.yaml:18:10: queue.retryAfter: must be a list. Write it as retryAfter: [first, second], or each entry',
  ],
  [`${server}queue: { concurrency: 0 }`, one, 'server.yaml:18:10: queue.concurrency: must be at least 1'],
  [
    `${server}dns: { servers: [192.0.2.1, '[::1]:53', 'fe80::1%eth0', dns.example, '192.0.2.1:99999'] }`,
    one,
    'server.yaml:18:57: dns.servers.3: not the address of a name server: dns.example. Write it as 192.0.2.1,',
  ],
  [server.replace('public:', 'Public:'), one, 'server.yaml:8:3: listeners.Public: a name must have only a-z, 0-9'],
  [
    server.replace('[0.0.0.0,', '[0.0.0.0, 127.0.0.1,'),
    one,
    'server.yaml:13:13: listeners.public.smtp.port: two of its addresses overlap. Give it another port, or other addresses',
  ],
  [
    `${server}  more: { addresses: [127.0.0.1], smtp: { port: 25 } }`,
    one,
    'server.yaml:18:43: listeners.more.smtp.port: port 25 is used by listeners.public.smtp already.',
  ],
  [
    server,
    one.replace('}\n', ', EXAMPLE.org: {} }\n'),
    'domains.yaml:1:30: domains.EXAMPLE.org: is the same domain as',
  ],
  [
    server,
    one.replace('] } }', ", 'Alice+x@EXAMPLE.org'] } }"),
    'domains.yaml:2:53: accounts.alice.addresses.1: the account has this address already. Remove one of them',
  ],
  [
    server,
    one.replace('] } }', '] }, bob: { addresses: [alice+bob@example.org] } }'),
    'domains.yaml:2:75: accounts.bob.addresses.0: belongs to account alice already. For several people, use an alias',
  ],
  [
    server,
    one.replace('] } }', `, '"alice"@example.org'] } }`),
    'domains.yaml:2:53: accounts.alice.addresses.1: the account has this address already. Remove one of them',
  ],
  [
    server,
    one.replace('] } }', `, '"a b@example.org'] } }`),
    'domains.yaml:2:53: accounts.alice.addresses.1: not an address: closing quote expected. Write user@example.org',
  ],
  [
    server,
    one.replace('{} }', '{ aliases: { Alice: { addresses: [alice@example.org] } } } }'),
    'domains.yaml:1:38: domains.example.org.aliases.Alice: is an address of account alice already',
  ],
] as const) {
  test(`parseConfigFiles: ${want}`, () => {
    const found = parse(serverText, domainsText);
    assert.ok(
      found.some((line) => line.startsWith(want)),
      found.join('\n'),
    );
  });
}

test('parseConfigFiles: what is switched off needs no certificate and no port', () => {
  const off =
    'smtp: { enabled: false, port: 25 }, submission: { port: 25, allowPlaintextAuth: true }, imaps: { enabled: false }';
  const listeners = `listeners: { a: { addresses: [127.0.0.1], ${off} } }`;
  assert.deepEqual(parse(`hostname: a.example\npostmaster: alice\n${listeners}\n`, one), []);
});

test('problemInFile points at a setting', () => {
  const problem = problemInFile(
    { file: 'server.yaml', text: server },
    ['listeners', 'public', 'tls', 'keyFile'],
    'is gone',
    'Bring it back',
  );
  assert.equal(formatProblem(problem), 'server.yaml:12:7: listeners.public.tls.keyFile: is gone. Bring it back');
});

test('parseConfigFiles reports all problems of both files at once', () => {
  const found = parse(server.replace('port: 25', 'port: x'), domains.replace('- alice@example.org', '- alice@'));
  assert.deepEqual(found.map((line) => line.split(':')[0]).toSorted(), ['domains.yaml', 'server.yaml']);
});

test('ConfigError: problems come in the order of the lines, whoever found them', () => {
  const found = parse(
    'hostname: a.example\nlisteners: {}\nqueue: { concurrency: 0 }\nhostnam: x\npostmaster: 7\n',
    domains,
  );
  assert.deepEqual(
    found.map((line) => line.split(':')[1]),
    ['3', '4', '5'],
  );
});

test('addAccount and removeAccount keep comments and order', () => {
  const added = addAccount(domains, 'bob', 'bob@example.net');
  assert.match(added, /# Domains, accounts and addresses/);
  assert.deepEqual(parse(server, added), []);
  assert.deepEqual(parse(server, removeAccount(added, 'bob')), []);
  assert.throws(() => addAccount(added, 'bob', 'bob@example.net'), /exists already/);
  assert.throws(() => removeAccount(domains, 'bob'), /no account bob/);
});

test('addAccount finds the domain in any case', () => {
  const added = addAccount('domains: { Example.ORG: {} }\naccounts: {}\n', 'alice', 'alice@EXAMPLE.org');
  assert.deepEqual(parse(server, added), []);
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

test('removeAccount knows an address however it is written', () => {
  const alias = `{ aliases: { both: { addresses: ['"alice"@EXAMPLE.org', '"b o b"@example.org'] } } }`;
  const text = addAccount(domains, 'bob', '"b\\ o b"@example.org').replace('{}', alias);
  assert.deepEqual(parse(server, text), []);
  const removed = removeAccount(text, 'bob');
  assert.deepEqual(parse(server, removed), []);
  assert.match(removed, /"alice"/);
});

test('describeConfig and configJsonSchema cover every setting', () => {
  assert.match(describeConfig('server'), /listeners\.NAME\.smtp\.port \(port, default 25\)/);
  assert.match(
    describeConfig('server'),
    /queue\.retryAfter \(list of time spans\)[^]*listeners\.NAME\.maxMessageBytes \(size, default "100MiB"\)/,
  );
  assert.match(describeConfig('server'), /\.mechanisms \(list, each one of EXTERNAL, [A-Z0-9, -]*, PLAIN, LOGIN\)$/m);
  assert.match(JSON.stringify(configJsonSchema('domains')), /localpartSeparators/);
});
