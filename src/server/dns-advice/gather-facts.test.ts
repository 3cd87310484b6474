import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { makeSelfSigned } from '#host/certificates';
import { Files } from '#host/files';
import { parseDomain } from '#lib/domain';
import { parseConfigFiles } from '#mail/config';
import { FakeResolver, type FakeFailure, type FakeZone } from '#testing/fake-resolver';
import { tempDir } from '#testing/temp-dir';
import { gatherFacts, type GatheredFacts } from './index.ts';

const pem = await makeSelfSigned({ names: ['mail.example.org'], days: 30, now: Date.now() });

interface World {
  /** Of the listener, in YAML. */
  readonly addresses?: string;
  readonly services?: string;
  readonly transport?: string;
  /** Conditions of the route to it; none when left out. */
  readonly route?: string;
  readonly zone?: FakeZone;
  readonly failures?: Readonly<Record<string, FakeFailure>>;
  readonly ownIps?: readonly string[];
  /** Null: no file. */
  readonly certPem?: string | null;
}

async function gathered(world: World): Promise<GatheredFacts> {
  await using dir = await tempDir();
  const { certPem = pem.certPem } = world;
  if (certPem !== null) await writeFile(join(dir.path, 'cert.pem'), certPem);
  const {
    addresses = '192.0.2.1',
    services = '{ smtp: {} }',
    transport,
    zone = {},
    failures = {},
    ownIps = [],
  } = world;
  const server = `hostname: Mail.Example.org
postmaster: ann
listeners: { public: { addresses: [${addresses}], tls: { certificateFile: cert.pem, keyFile: k }, ${services.slice(1)} }
${transport === undefined ? '' : `transports: { way: ${transport} }\nroutes: [{ ${world.route ?? ''}transport: way }]`}
`;
  const domains = 'domains: { example.org: {} }\naccounts: { ann: {} }\n';
  const config = parseConfigFiles({ file: 'server.yaml', text: server }, { file: 'domains.yaml', text: domains });
  const domain = parseDomain('example.org');
  assert.ok(domain.ok);
  return await gatherFacts(domain.value, {
    config,
    folder: dir.path,
    files: new Files(),
    resolver: new FakeResolver(zone, { failures }),
    ownIps,
    dkim: [],
  });
}

/** Remarks about what is looked at, without what all have in common here. */
const said = ({ remarks }: GatheredFacts): string[] =>
  remarks
    .filter(({ area }) => area !== 'dkim')
    .map(({ level, subject, sentence }) => `${level} ${subject}: ${sentence}`);

for (const [what, world, ips, ...remarks] of [
  ['public ones that listeners name', { addresses: '192.0.2.1, "2001:db8::1"' }, ['192.0.2.1', '2001:db8::1']],
  [
    'listeners on all, a machine with a public one',
    { addresses: '0.0.0.0', ownIps: ['127.0.0.1', '10.0.0.1', '192.0.2.7', '2001:db8::7'] },
    ['192.0.2.7'],
    'ok mail.example.org: taken from this machine, as listeners name no public address: 192.0.2.7',
  ],
  [
    'listeners on all, a machine with several',
    { addresses: '"::"', ownIps: ['2001:db8::7', '2001:db8::8', 'fe80::1'] },
    ['2001:db8::7', '2001:db8::8'],
    'note mail.example.org: taken from this machine, as listeners name no public address: 2001:db8::7, 2001:db8::8',
  ],
  [
    'an inner network, with DNS',
    { addresses: '10.0.0.1', zone: { 'mail.example.org': { A: ['192.0.2.8'] } }, ownIps: ['192.0.2.7'] },
    ['192.0.2.8'],
    'ok mail.example.org A: taken from DNS, as neither listeners nor this machine have a public address: 192.0.2.8',
  ],
  [
    'an inner network, without DNS',
    { addresses: '10.0.0.1' },
    [],
    'error mail.example.org: has no known address: neither listeners nor this machine have a public one, nor has DNS',
  ],
  [
    'an inner network, with inner DNS',
    { addresses: '10.0.0.1', zone: { 'mail.example.org': { A: ['10.0.0.1'] } } },
    [],
    'warning mail.example.org A: is 10.0.0.1 in DNS as we see it, which others cannot reach',
  ],
  [
    'an inner network, and a resolver that fails',
    { addresses: '10.0.0.1', failures: { 'A mail.example.org': 'servfail' } },
    [],
    'warning mail.example.org A: could not be looked up, so addresses may be missing here: the name servers failed (SERVFAIL)',
  ],
  [
    'this machine only',
    { addresses: '127.0.0.1' },
    [],
    'error server.yaml: no listener with a public address takes mail from other servers',
    'error mail.example.org: has no known address: neither listeners nor this machine have a public one, nor has DNS',
  ],
] as const satisfies readonly (readonly [string, World, readonly string[], ...string[]])[]) {
  test(`gatherFacts: addresses: ${what}`, async () => {
    const found = await gathered(world);
    assert.deepEqual(found.facts.ips, ips);
    assert.deepEqual(said(found), remarks);
  });
}

for (const [transport, remoteIps, ...remarks] of [
  ['{ kind: fail, text: no }', []],
  [
    '{ kind: socks, host: p.example, remoteIps: [198.51.100.7, "2001:DB8:0::7"] }',
    ['198.51.100.7 mail.example.org', '2001:db8::7 mail.example.org'],
  ],
  [
    '{ kind: socks, host: p.example, remoteIps: [198.51.100.7], remoteHostname: Out.example.net }',
    ['198.51.100.7 out.example.net'],
  ],
  [
    '{ kind: socks, host: p.example }',
    [],
    'warning transport way: it is not known from which addresses mail comes out of the proxy',
  ],
  [
    '{ kind: direct, localAddresses: [192.0.2.9, 10.0.0.9], hostname: b.example.org }',
    ['192.0.2.9 b.example.org'],
    'note transport way: which public address 10.0.0.9 is seen as is not known',
  ],
  [
    '{ kind: submissions, host: relay.example }',
    [],
    'note transport way: mail through relay.example comes from addresses that are not known here',
  ],
] as const) {
  test(`gatherFacts: transport ${transport}`, async () => {
    const found = await gathered({ transport });
    assert.deepEqual(
      found.facts.remoteIps.map(({ ip, ehloName }) => `${ip} ${ehloName}`),
      remoteIps,
    );
    assert.deepEqual(said(found), remarks);
  });
}

test('gatherFacts: ports of services that are offered, the standard one first; the key of the listener', async () => {
  const services = '{ smtp: {}, submissions: { port: 4650 }, imaps: {}, imap: { enabled: false } }';
  const { facts } = await gathered({ services });
  assert.deepEqual(facts.ports, { submissions: 4650, submission: null, imaps: 993, imap: null, jmap: null });
  assert.match(facts.tlsa.join(' '), /^3 1 1 [0-9a-f]{64}$/);
  assert.deepEqual([facts.caa, facts.dmarc?.policy, facts.servesWeb], [null, 'none', false]);
});

test('gatherFacts: the authority of the certificate, when it is well known', async () => {
  const certPem = rootCertificates.find((root) => /^O=DigiCert/m.test(new X509Certificate(root).issuer)) ?? '';
  const { facts } = await gathered({ certPem });
  assert.deepEqual(facts.caa, { issuer: 'digicert.com', accountUri: null });
});

for (const [what, certPem, want] of [
  ['is missing', null, 'the key of cert.pem is not known: there is no such file'],
  ['is no PEM', 'x', 'the key of cert.pem is not known: it has no certificate in PEM'],
  [
    'is no certificate',
    '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    /^the key of cert\.pem is not known: /,
  ],
] as const) {
  test(`gatherFacts: a certificate that ${what} is told`, async () => {
    const { facts, remarks } = await gathered({ certPem });
    assert.deepEqual(facts.tlsa, []);
    const sentence = remarks.find(({ area }) => area === 'tlsa')?.sentence ?? '';
    if (typeof want === 'string') assert.equal(sentence, want);
    else assert.match(sentence, want);
  });
}

test('gatherFacts: a transport counts only for domains whose routes can use it', async () => {
  const transport = '{ kind: socks, host: p.example }';
  for (const [route, isJudged] of [
    ['', true],
    ['fromDomain: [example.org], ', true],
    ['fromDomain: [other.example], ', false],
    ['toDomain: [far.example], ', true],
  ] as const) {
    const found = await gathered({ transport, route });
    assert.equal(said(found).length, isJudged ? 1 : 0, route);
  }
});
