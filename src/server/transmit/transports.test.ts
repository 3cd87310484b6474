import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseServerFile } from '#mail/config';
import type { RouteTarget } from '#mail/routes';
import { fakeUser } from '#testing/fake-smtp-backend';
import { makeSelfSigned } from '#host/certificates';
import { tempDir } from '#testing/temp-dir';
import { Files } from '#host/files';
import { showOutcome, TransmitWorld, type FakeHost } from '#testing/transmit-world';
import { SmtpTransmitter, TransportSecrets } from './index.ts';

const login = `user: ${fakeUser.login}`;
const auth = `auth: { ${login}, password: ${fakeUser.password} }`;

/** Fake hosts, and a folder with files of secrets. */
function worldOf(hosts: Readonly<Record<string, FakeHost>>, folder = 'nowhere'): TransmitWorld {
  const secrets = new TransportSecrets({ files: new Files(), folder });
  return new TransmitWorld(hosts, (parts) => new SmtpTransmitter({ ...parts, secrets }));
}

/** A route by a transport of these settings. */
function by(settings: string, domain = 'two.example'): RouteTarget {
  const text = `{ hostname: us.example, postmaster: a, listeners: {}, transports: { t: { ${settings} } } }`;
  const transport = parseServerFile({ file: 'server.yaml', text }).transports['t'];
  assert.ok(transport);
  return { kind: 'transport', name: 't', transport, domain };
}

const good: FakeHost = { startTls: true };
const service: FakeHost = { startTls: true, mechanisms: ['SCRAM-SHA-256', 'PLAIN'] };
const relayed = 'delivered by relay.example';

for (const [title, settings, hosts, want, dialed] of [
  ['direct', 'kind: direct', { '192.0.2.1': good }, ['delivered by mx1.example'], ['192.0.2.1:25']],
  [
    'direct from an own address',
    'kind: direct, localAddresses: [192.0.2.99, 192.0.2.98]',
    { '192.0.2.1': good },
    ['delivered by mx1.example'],
    ['192.0.2.1:25 from 192.0.2.99'],
  ],
  [
    'direct without the family that hosts have',
    'kind: direct, ipv4: false',
    {},
    [
      'deferred no address of the mail hosts of two.example can be reached with the ipv4, ipv6 and localAddresses set at nobody',
    ],
    [],
  ],
  [
    'direct and broken TLS, which is gone without',
    'kind: direct',
    { '192.0.2.1': { startTls: true, pair: { tlsFails: true } } },
    ['delivered by mx1.example'],
    ['192.0.2.1:25', '192.0.2.1:25'],
  ],
  [
    'direct with TLS required, and any certificate',
    'kind: direct, tls: required',
    { '192.0.2.1': { ...good, badCertificate: true } },
    ['delivered by mx1.example'],
    ['192.0.2.1:25'],
  ],
  [
    'direct with TLS verified: the host with a bad certificate is passed over, and not visited without TLS',
    'kind: direct, tls: verified',
    { '192.0.2.1': { ...good, badCertificate: true }, '192.0.2.2': good },
    ['delivered by mx2.example'],
    ['192.0.2.1:25', '192.0.2.2:25'],
  ],
  [
    'direct with TLS required where none is offered',
    'kind: direct, tls: required',
    { '192.0.2.1': {} },
    [
      'deferred mx1.example (192.0.2.1): the host does not offer STARTTLS; demanded is TLS with any certificate (tls: required of the transport)\nmx2.example (192.0.2.2): connection refused at mx2.example',
    ],
    ['192.0.2.1:25', '192.0.2.2:25'],
  ],
  [
    'socks: names are left to the proxy',
    'kind: socks, host: 127.0.0.1, user: u, password: p',
    { 'mx1.example': good },
    ['delivered by mx1.example'],
    ['through 127.0.0.1:1080 as u p', 'mx1.example:25'],
  ],
  [
    'socks: a proxy that cannot be reached is asked once for all hosts',
    'kind: socks, host: 127.0.0.1',
    { 'mx1.example': { proxyIsDown: true }, 'mx2.example': good },
    ['deferred SOCKS proxy: no answer at mx1.example'],
    ['through 127.0.0.1:1080', 'mx1.example:25'],
  ],
  [
    'smtp with TLS verified',
    'kind: smtp, host: relay.example',
    { '192.0.2.1': { ...good, badCertificate: true } },
    [
      'deferred certificate has expired; demanded is a certificate for relay.example by a trusted authority (tls: verified of the transport) at relay.example',
    ],
    ['192.0.2.1:25'],
  ],
  [
    'smtp with TLS unverified',
    'kind: smtp, host: relay.example, tls: unverified',
    { '192.0.2.1': { ...good, badCertificate: true } },
    [relayed],
    ['192.0.2.1:25'],
  ],
  ['smtp without TLS', 'kind: smtp, host: relay.example, tls: none', { '192.0.2.1': {} }, [relayed], ['192.0.2.1:25']],
  [
    'smtp at an address and another port',
    'kind: smtp, host: 192.0.2.1, port: 2525, tls: opportunistic',
    { '192.0.2.1': {} },
    ['delivered by 192.0.2.1'],
    ['192.0.2.1:2525'],
  ],
  [
    'smtp to a server that DNS does not know',
    'kind: smtp, host: gone.example',
    {},
    ['deferred looking up gone.example: it has no address in DNS at nobody'],
    [],
  ],
  [
    'submission with a login',
    `kind: submission, host: relay.example, ${auth}`,
    { '192.0.2.1': service },
    [relayed],
    ['192.0.2.1:587'],
  ],
  [
    'submission with a wrong password is for later',
    `kind: submission, host: relay.example, auth: { ${login}, password: x }`,
    { '192.0.2.1': service },
    ['deferred 535 at relay.example'],
    ['192.0.2.1:587'],
  ],
  [
    'submission without a login where one is wanted is for later',
    'kind: submission, host: relay.example',
    { '192.0.2.1': service },
    ['deferred 530 at relay.example'],
    ['192.0.2.1:587'],
  ],
  [
    'submission with a mechanism that is not offered',
    `kind: submission, host: relay.example, auth: { ${login}, password: x, mechanisms: [CRAM-MD5] }`,
    { '192.0.2.1': service },
    [
      'deferred server offers no usable mechanism: SCRAM-SHA-256 PLAIN, and of ours only CRAM-MD5 may be used at relay.example',
    ],
    ['192.0.2.1:587'],
  ],
  [
    'submissions',
    `kind: submissions, host: relay.example, ${auth}`,
    { '192.0.2.1': service },
    [relayed],
    ['192.0.2.1:465 with TLS, require'],
  ],
  [
    'submissions with TLS unverified, from an own address',
    `kind: submissions, host: relay.example, tls: unverified, localAddresses: [192.0.2.99], ${auth}`,
    { '192.0.2.1': { ...service, badCertificate: true } },
    [relayed],
    ['192.0.2.1:465 from 192.0.2.99 with TLS, report'],
  ],
  ['fail', 'kind: fail', {}, ['refused 554 at nobody'], []],
  ['fail for now', 'kind: fail, code: 451, text: not now', {}, ['deferred 451 at nobody'], []],
] as const satisfies readonly (readonly [
  string,
  string,
  Readonly<Record<string, FakeHost>>,
  readonly string[],
  readonly string[],
])[]) {
  test(`SmtpTransmitter by transport: ${title}`, async () => {
    await using world = worldOf(hosts);
    assert.deepEqual((await world.transmit(by(settings), ['a@two.example'])).map(showOutcome), want);
    assert.deepEqual(world.dialed, dialed);
    assert.deepEqual(world.log.ofLevel('error'), []);
  });
}

test('SmtpTransmitter by transport: a name that is not configured is for later', async () => {
  await using world = worldOf({});
  const outcomes = await world.transmit({ kind: 'missing', name: 'gone' }, ['a@x.example']);
  assert.deepEqual(outcomes.map(showOutcome), ['deferred the transport gone is not configured at nobody']);
});

test('SmtpTransmitter by relay: a password file is read for each connection, and trouble with it defers', async () => {
  await using dir = await tempDir();
  const file = join(dir.path, 'relay-password');
  const route = by(`kind: submission, host: relay.example, auth: { ${login}, passwordFile: relay-password }`);
  await using world = worldOf({ '192.0.2.1': service }, dir.path);
  const send = async (): Promise<string | undefined> =>
    (await world.transmit(route, ['a@two.example'])).map(showOutcome)[0];
  assert.equal(await send(), `deferred ${file} is missing at nobody`);
  await writeFile(file, '\nsecond line\n');
  assert.equal(await send(), `deferred the first line of ${file} is empty at nobody`);
  await writeFile(file, 'wrong\n');
  assert.equal(await send(), 'deferred 535 at relay.example');
  await writeFile(file, `${fakeUser.password}\r\nnotes\n`);
  assert.equal(await send(), relayed);
});

test('SmtpTransmitter by relay: a client certificate is shown for EXTERNAL', async () => {
  await using dir = await tempDir();
  await writeFile(join(dir.path, 'c.pem'), 'CERT\n');
  await writeFile(join(dir.path, 'k.pem'), 'KEY\n');
  const certificate = 'clientCertificate: { certificateFile: c.pem, keyFile: k.pem }';
  const route = by(`kind: submissions, host: relay.example, auth: { mechanisms: [EXTERNAL] }, ${certificate}`);
  const pair = { tlsSession: { peerCertificate: new Uint8Array(3) } };
  await using world = worldOf({ '192.0.2.1': { mechanisms: ['EXTERNAL'], pair } }, dir.path);
  assert.deepEqual((await world.transmit(route, ['a@two.example'])).map(showOutcome), [relayed]);
  assert.deepEqual(world.dialed, ['with the certificate CERT', '192.0.2.1:465 with TLS, require']);
});

test('SmtpTransmitter by relay: an authority of its own is trusted for it alone', async () => {
  await using dir = await tempDir();
  const route = by('kind: submissions, host: relay.example, caFile: ca.pem');
  await using world = worldOf({ '192.0.2.1': {} }, dir.path);
  const send = async () => (await world.transmit(route, ['a@two.example'])).map(showOutcome).join();
  const file = join(dir.path, 'ca.pem');
  const none = `deferred ${file} holds no certificate in PEM (-----BEGIN CERTIFICATE-----) at nobody`;
  const { certPem, keyPem } = await makeSelfSigned({ names: ['relay.example'], days: 9, now: 0 });
  for (const text of ['none\n', '', keyPem]) {
    await writeFile(file, text);
    assert.equal(await send(), none);
  }
  const pem = certPem.trim();
  await writeFile(file, `${pem}\n${pem.replace(/\n[^]{40}/, '\n')}\n`);
  assert.equal(await send(), `deferred ${file} holds as its certificate 2 what is none at nobody`);
  await writeFile(file, `${pem}\n`);
  assert.equal(await send(), relayed);
  assert.deepEqual(world.dialed, [`trusting ${pem}`, '192.0.2.1:465 with TLS, require']);
});
