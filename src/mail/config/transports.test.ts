import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ConfigError,
  configJsonSchema,
  describeConfig,
  exampleDomains,
  exampleServer,
  parseConfigFiles,
  type Config,
} from './index.ts';

const server = exampleServer({ hostname: 'mail.example.org', postmaster: 'alice' }).replace(/^# Mail goes [^]*/m, '');
const domains = exampleDomains({ domain: 'example.org', account: 'alice', address: 'alice@example.org' });

function parse(serverText: string, domainsText = domains): Config {
  return parseConfigFiles({ file: 'server.yaml', text: serverText }, { file: 'domains.yaml', text: domainsText });
}

function problems(serverText: string, domainsText = domains): readonly string[] {
  try {
    parse(serverText, domainsText);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n');
  }
}

/** A `server.yaml` with one transport `t` at line 19. */
const withTransport = (settings: string): string => `${server}transports:\n  t: { ${settings} }\n`;

const worked = `${server}transports:
  smarthost: { kind: smtp, host: relay.example, tls: opportunistic }
  service:
    kind: submission
    host: smtp.example.net
    auth: { user: bob, passwordFile: secrets/service, mechanisms: [SCRAM-SHA-256, PLAIN] }
    limits: { concurrency: 2, messages: 100, per: 1h }
  token: { kind: submissions, host: '2001:db8::1', auth: { user: bob, tokenFile: token, mechanisms: [XOAUTH2] } }
  certificate:
    kind: submissions
    host: smtp.example.net
    auth: { mechanisms: [EXTERNAL] }
    clientCertificate: { certificateFile: own.pem, keyFile: own.key }
  elsewhere:
    kind: socks
    host: 127.0.0.1
    user: bob
    password: secret
    remoteIps: [192.0.2.1, '2001:db8::2']
    remoteHostname: elsewhere.example.org
  six: { kind: direct, ipv4: false, localAddresses: ['2001:db8::3'], tls: verified }
  never: { kind: fail }
routes:
  - { toDomain: [.slow.example, '[192.0.2.9]'], minimumAttempts: 3, transport: service }
  - { fromDomain: [bücher.example], transport: direct }
`;

test('parseConfigFiles: names of hosts may be written in Unicode, and are A-labels from then on', () => {
  const text = server.replace('mail.example.org', 'Post.Bücher.example').concat(`transports:
  a: { kind: smtp, host: relais.bücher.example }
  b: { kind: socks, host: bücher.example, remoteHostname: fern.bücher.example }
  c: { kind: direct, hostname: von.bücher.example }
`);
  const { hostname, transports } = parse(text).server;
  assert.equal(hostname, 'post.xn--bcher-kva.example');
  assert.deepEqual(
    Object.values(transports).map((one) => [
      'host' in one && one.host,
      'remoteHostname' in one && one.remoteHostname,
      'hostname' in one && one.hostname,
    ]),
    [
      ['relais.xn--bcher-kva.example', false, false],
      ['xn--bcher-kva.example', 'fern.xn--bcher-kva.example', false],
      [false, false, 'von.xn--bcher-kva.example'],
    ],
  );
});

test('parseConfigFiles: transports and routes of every kind, with defaults', () => {
  const { transports, routes } = parse(worked).server;
  assert.deepEqual(transports['smarthost'], {
    kind: 'smtp',
    host: 'relay.example',
    port: 25,
    ipv4: true,
    ipv6: true,
    localAddresses: [],
    limits: { per: 3_600_000 },
    tls: 'opportunistic',
  });
  assert.deepEqual(transports['never'], {
    kind: 'fail',
    code: 554,
    text: 'mail to this destination is not delivered',
  });
  const { service, token, elsewhere, six } = transports;
  assert.ok(service?.kind === 'submission' && service.port === 587 && service.tls === 'verified');
  assert.deepEqual(service.limits, { concurrency: 2, messages: 100, per: 3_600_000 });
  assert.ok(token?.kind === 'submissions' && token.port === 465 && token.tls === 'verified');
  assert.ok(elsewhere?.kind === 'socks' && elsewhere.port === 1080 && elsewhere.password?.reveal() === 'secret');
  assert.doesNotMatch(JSON.stringify(transports), /secret"/);
  assert.ok(six?.kind === 'direct' && !six.ipv4 && six.ipv6);
  assert.deepEqual(routes[1], {
    fromDomain: ['bücher.example'],
    toDomain: [],
    minimumAttempts: 0,
    transport: 'direct',
  });
});

test('parseConfigFiles: without transports and routes there are none', () => {
  const { server: settings, domains: people } = parse(server);
  assert.deepEqual([settings.transports, settings.routes], [{}, []]);
  assert.deepEqual([people.domains['example.org']?.routes, people.accounts['alice']?.routes], [[], []]);
});

const relay = 'kind: submission, host: mx.example';
const proxy = 'kind: socks, host: mx.example';
const certificate = 'clientCertificate: { certificateFile: a, keyFile: b }';

for (const [settings, want] of [
  [
    'kind: pigeon',
    'kind: not one of the kinds possible here. Write submissions, submission, smtp, socks, direct or fail',
  ],
  ['host: mx.example', 'kind: not one of the kinds possible here.'],
  ['kind: smtp', 'host: is missing. Add it: a text'],
  ['kind: fail, host: mx.example', 'host: unknown setting.'],
  [`${relay}, port: 0`, 'port: must be at least 1'],
  [`${relay}, port: 65536`, 'port: must be at most 65535'],
  [
    'kind: smtp, host: mx.example:25',
    'host: not a host name or IP address: mx.example:25. The port is a setting of its own',
  ],
  ["kind: smtp, host: 'mx example'", 'host: not a host name or IP address: mx example. Write a name such as'],
  ['kind: smtp, host: 192.0.2.256', 'host: not a host name or IP address: 192.0.2.256. Write'],
  [`${relay}, ipv4: false, ipv6: false`, 'ipv6: nothing is left to connect to. Switch ipv4 or ipv6 on'],
  [`${relay}, localAddresses: [localhost]`, 'localAddresses.0: not an IP address: localhost. Write addresses'],
  [`${relay}, ipv4: false, localAddresses: [192.0.2.1]`, 'localAddresses.0: is never used, as ipv4 is switched off.'],
  ["kind: direct, localAddresses: ['::']", 'localAddresses.0: is not one address. Leave the list out'],
  ['kind: direct, hostname: my server', 'hostname: not a host name:'],
  [`${relay}, auth: { user: bob }`, 'auth: has no password. Add passwordFile or tokenFile;'],
  [`${relay}, auth: { password: x }`, 'auth.password: belongs to no user. Add auth.user'],
  [`${relay}, auth: { user: bob, password: x, passwordFile: y }`, 'auth.password: the password is there twice.'],
  [`${relay}, auth: { user: bob, password: x, tokenFile: y }`, 'auth.password: a login has a password or a token.'],
  [`${relay}, auth: { user: bob, password: '' }`, 'auth.password: must not be empty'],
  [`${relay}, auth: { user: bob, password: x, mechanisms: [] }`, 'auth.mechanisms: must have at least one entry'],
  [`${relay}, auth: { user: bob, password: x, mechanisms: [NTLM] }`, 'auth.mechanisms.0: not one of the values'],
  [
    `${relay}, auth: { user: bob, password: x, mechanisms: [XOAUTH2] }`,
    'auth.mechanisms.0: needs a token. Use tokenFile',
  ],
  [
    `${relay}, auth: { user: bob, tokenFile: x, mechanisms: [PLAIN] }`,
    'auth.mechanisms.0: does not work with a token. Write OAUTHBEARER or XOAUTH2',
  ],
  [
    `${relay}, tls: opportunistic, auth: { user: bob, tokenFile: x }`,
    'auth.tokenFile: tokens are not sent without TLS.',
  ],
  [
    `${relay}, tls: none, auth: { user: bob, password: x, mechanisms: [LOGIN] }`,
    'auth.mechanisms.0: would show the password',
  ],
  [
    `${relay}, tls: none, auth: { user: bob, password: x, mechanisms: [CRAM-MD5, SCRAM-SHA-1-PLUS] }`,
    'auth.mechanisms.1: binds to TLS. Set tls to verified',
  ],
  [`${relay}, auth: { mechanisms: [EXTERNAL] }`, 'auth.mechanisms.0: needs a certificate. Add clientCertificate'],
  [`${relay}, auth: { mechanisms: [EXTERNAL, PLAIN] }, ${certificate}`, 'auth: has no password.'],
  [
    `${relay}, tls: unverified, caFile: a`,
    'caFile: is never used, as tls is not verified. Remove it, or let tls be verified',
  ],
  [`${relay}, tls: none, ${certificate}`, 'clientCertificate: is never shown, as tls is none. Remove it, or use TLS'],
  [
    'kind: submissions, host: mx.example, tls: none',
    'tls: not one of the values possible here. Write verified or unverified',
  ],
  [`${proxy}, user: bob`, 'user: has no password. Add passwordFile'],
  [`${proxy}, passwordFile: x`, 'passwordFile: belongs to no user. Add user'],
  [`${proxy}, user: bob, password: x, passwordFile: x`, 'password: the password is there twice. Keep passwordFile'],
  [`${proxy}, user: ${'b'.repeat(256)}, password: x`, 'user: is longer than SOCKS allows: 255 bytes'],
  [`${proxy}, remoteIps: [192.0.2.1, mx.example]`, 'remoteIps.1: not an IP address: mx.example.'],
  [`${proxy}, remoteHostname: a..b`, 'remoteHostname: not a host name:'],
  ['kind: fail, code: 250', 'code: must be at least 400'],
  ['kind: fail, text: "a\\nb"', 'text: must be printable ASCII'],
  [`${relay}, limits: { messages: 0 }`, 'limits.messages: must be at least 1'],
  [`${relay}, limits: { per: 1ms }`, 'limits.per: must be from 1s to 1d'],
] as const) {
  test(`parseConfigFiles: transport { ${settings.slice(0, 90)} }`, () => {
    const found = problems(withTransport(settings));
    const where = /^server\.yaml:19:\d+: transports\.t\./;
    assert.ok(
      found.some((line) => where.test(line) && line.replace(where, '').startsWith(want)),
      found.join('\n'),
    );
  });
}

for (const [title, serverText, domainsText, want] of [
  [
    'a transport called direct',
    `${server}transports: { direct: { kind: fail } }\n`,
    domains,
    'server.yaml:18:15: transports.direct: routes to direct mean the hosts of each domain, without a transport. Give it another name',
  ],
  [
    'a transport with a bad name',
    `${server}transports: { Relay: { kind: fail } }\n`,
    domains,
    'server.yaml:18:15: transports.Relay: a name must have only a-z',
  ],
  [
    'a global route to nowhere',
    `${server}transports: { never: { kind: fail } }\nroutes: [{ transport: relay }]\n`,
    domains,
    'server.yaml:19:12: routes.0.transport: no transport relay. Transports are: direct, never',
  ],
  [
    'a route without transport',
    `${server}routes: [{ toDomain: [example.net] }]\n`,
    domains,
    'server.yaml:18:10: routes.0.transport: is missing. Add it: a text',
  ],
  [
    'a wildcard',
    `${server}routes: [{ toDomain: [a.example, '*.example.net'], transport: direct }]\n`,
    domains,
    'server.yaml:18:34: routes.0.toDomain.1: there are no wildcards here. Write example.org, or .example.org for it and all below',
  ],
  [
    'everything below nothing',
    `${server}routes: [{ toDomain: [.], transport: direct }]\n`,
    domains,
    'server.yaml:18:23: routes.0.toDomain.0: not a domain: ',
  ],
  [
    'an address for a domain',
    `${server}routes: [{ fromDomain: [a@b.example], transport: direct }]\n`,
    domains,
    'server.yaml:18:25: routes.0.fromDomain.0: this is an address, not a domain.',
  ],
  [
    'an address literal that is none',
    `${server}routes: [{ toDomain: ['[192.0.2.1'], transport: direct }]\n`,
    domains,
    'server.yaml:18:23: routes.0.toDomain.0: not an address literal: ',
  ],
  [
    'attempts below none',
    `${server}routes: [{ minimumAttempts: -1, transport: direct }]\n`,
    domains,
    'server.yaml:18:12: routes.0.minimumAttempts: must be at least 0',
  ],
  [
    'a domain’s route to nowhere',
    server,
    domains.replace('{}', '{ routes: [{ transport: relay }] }'),
    'domains.yaml:4:29: domains.example.org.routes.0.transport: no transport relay. Transports are: direct',
  ],
  [
    'an account’s route from no domain',
    server,
    `${domains}    routes: [{ fromDomain: [a b], transport: direct }]\n`,
    'domains.yaml:9:29: accounts.alice.routes.0.fromDomain.0: not a domain: ',
  ],
] as const) {
  test(`parseConfigFiles names file, line, column, reason and fix for ${title}`, () => {
    const found = problems(serverText, domainsText);
    assert.ok(
      found.some((line) => line.startsWith(want)),
      found.join('\n'),
    );
  });
}

test('describeConfig and configJsonSchema tell the kinds of transports apart, and list routes', () => {
  const text = describeConfig('server');
  for (const line of [
    'transports (entries by name)',
    'transports.NAME (block of one of several kinds)',
    'transports.NAME (block, kind socks)',
    'transports.NAME.remoteIps (list of strings)',
    'transports.NAME.kind (always fail, required)',
    'routes (list of blocks)',
    'routes.N.transport (string, required)',
  ]) {
    assert.ok(text.split('\n').includes(line), line);
  }
  assert.match(
    describeConfig('domains'),
    /^accounts\.NAME\.routes\.N\.minimumAttempts \(number of attempts, default 0\)$/m,
  );
  for (const which of ['server', 'domains'] as const) assert.doesNotMatch(describeConfig(which), /\n {4}\n/);
  assert.match(JSON.stringify(configJsonSchema('server')), /"const":"submissions"/);
});
