import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { localBus } from '#host/bus-local';
import { systemLoop } from '#host/event-loop';
import { makeSelfSigned, type CertificatePem } from '#host/certificates';
import { Files } from '#host/files';
import { listen, nodeDialer } from '#host/net';
import type { Channel } from '#ports/channel';
import { Configuration } from '#server/configuration';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { tempDir } from '#testing/temp-dir';
import { Certificates } from './certificates.ts';

const dayMs = 86_400_000;
const server = `hostname: mail.example.org
postmaster: ann
listeners:
  public: { addresses: [127.0.0.1], tls: { certificateFile: cert.pem, keyFile: key.pem }, smtp: { port: 0 } }
`;

interface World extends AsyncDisposable {
  readonly certificates: Certificates;
  readonly clock: FakeClock;
  readonly log: FakeLog;
  readonly put: (pem: Partial<CertificatePem>) => Promise<void>;
  readonly make: (name: string, days?: number) => Promise<CertificatePem>;
  /** A client that took STARTTLS, and the first name of the certificate that it was shown. */
  readonly connect: () => Promise<{ readonly channel: Channel; readonly name: string }>;
  /** Lets looks at the files happen until `until` holds. */
  readonly look: (until: () => boolean) => Promise<void>;
}

async function world(days = 90): Promise<World> {
  await using undo = new AsyncDisposableStack();
  const [dir, clock, log] = [undo.use(await tempDir()), new FakeClock(), new FakeLog()];
  const folder = dir.path;
  const put: World['put'] = async ({ certPem, keyPem }) => {
    if (certPem !== undefined) await writeFile(join(folder, 'cert.pem'), certPem);
    if (keyPem !== undefined) await writeFile(join(folder, 'key.pem'), keyPem);
  };
  const make: World['make'] = (name, validDays = 90) =>
    makeSelfSigned({ names: [name], days: validDays, now: clock.now() });
  await put(await make('first.example', days));
  await writeFile(join(folder, 'server.yaml'), server);
  await writeFile(join(folder, 'domains.yaml'), 'domains: {}\naccounts: { ann: {} }\n');
  const files = new Files();
  const bus = localBus({ log });
  const configuration = undo.use(await Configuration.open({ folder, files, clock, bus, loop: systemLoop, log }));
  const certificates = undo.use(new Certificates({ configuration, files, clock, log }));
  const tls = await certificates.add('public', { certificateFile: 'cert.pem', keyFile: 'key.pem' });
  certificates.watch();
  const onConnection = async (channel: Channel): Promise<void> => {
    await channel.startTls();
    for (let bytes = await channel.read(5000); bytes !== null; bytes = await channel.read(5000)) {
      await channel.write(bytes);
    }
  };
  const listener = undo.use(await listen({ address: '127.0.0.1', port: 0, tls, onConnection, log: new FakeLog() }));
  const clients: Channel[] = [];
  undo.defer(() => clients.forEach((channel) => channel.destroy()));
  const connect: World['connect'] = async () => {
    const channel = await nodeDialer().dial({ address: '127.0.0.1', port: listener.port, timeoutMs: 5000 });
    clients.push(channel);
    const { peerCertificate } = await channel.startTls({ serverName: 'first.example', verify: 'report' });
    const name = new X509Certificate(peerCertificate ?? '').subjectAltName?.replace('DNS:', '') ?? '';
    return { channel, name };
  };
  const look: World['look'] = async (until) => {
    for (let i = 0; i < 500 && !until(); i += 1) {
      await clock.advance(60_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(until());
  };
  const all = undo.move();
  return { certificates, clock, log, put, make, connect, look, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

test('Certificates: a renewed one is found by itself; new handshakes take it, open connections go on', async () => {
  await using w = await world();
  const before = await w.connect();
  assert.equal(before.name, 'first.example');
  await w.put(await w.make('second.example'));
  await w.look(() => w.log.events.some(({ event }) => event === 'tls.certificateRenewed'));
  assert.equal((await w.connect()).name, 'second.example');
  await before.channel.write(new TextEncoder().encode('still here'));
  assert.equal(new TextDecoder().decode((await before.channel.read(5000)) ?? undefined), 'still here');
  assert.deepEqual(w.certificates.facts[0]?.names, ['second.example']);
});

test('Certificates.reload: what cannot be used is told and replaces nothing, until it is put right', async () => {
  await using w = await world();
  const second = await w.make('second.example');
  // As when it is looked at between the two files.
  await w.put({ certPem: second.certPem });
  const [problem = ''] = await w.certificates.reload();
  assert.match(problem, /server\.yaml:4:\d+: listeners\.public\.tls: the certificate in .*cert\.pem and the key in /);
  assert.match(problem, /\. Both must be PEM, .*\. The old certificate stays in use until \d{4}-\d\d-\d\d$/);
  await w.certificates.reload();
  assert.equal(w.log.ofLevel('error').length, 1);
  assert.equal((await w.connect()).name, 'first.example');
  await w.put({ keyPem: second.keyPem });
  assert.deepEqual(await w.certificates.reload(), []);
  assert.equal((await w.connect()).name, 'second.example');
  assert.deepEqual(await w.certificates.reload(), []);
  assert.equal(w.log.events.filter(({ event }) => event === 'tls.certificateRenewed').length, 1);
});

test('Certificates.reload: one that has ended replaces none that is valid', async () => {
  await using w = await world();
  await w.put(await w.make('late.example', 0));
  assert.match(String(await w.certificates.reload()), /the new certificate ended on .*\. Put one there that is valid/);
  assert.equal((await w.connect()).name, 'first.example');
});

for (const [days, want] of [
  [15, []],
  [13, ['warn tls.certificateEndsSoon']],
  [-1, ['error tls.certificateEnded']],
] as const) {
  test(`Certificates: ${days} days before the end`, async () => {
    await using w = await world(days);
    const told = (): string[] => w.log.events.map(({ level, event }) => `${level} ${event}`);
    assert.deepEqual(told(), want);
    await w.certificates.reload();
    assert.deepEqual(told(), want);
    await w.clock.advance(dayMs);
    await w.certificates.reload();
    assert.deepEqual(told(), [...want, ...want]);
  });
}
