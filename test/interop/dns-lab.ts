/**
 * A small Internet's DNS on this machine: a signed root and the zones of a test at Knot (`knot`, signed with `ldnsutils`), behind Unbound, which validates from
 * that root down. Everything listens on 127.0.0.1 at ports that the system chooses, keeps its files in a temporary folder, and needs no
 * special rights. Names outside of the zones do not exist, and nothing is asked of the real DNS.
 *
 * Zones are described as in dns-zones.ts: signed, not signed, signed wrongly, or at a server that fails or is silent. Names should end in `.test`.
 * Programs under test ask `server`, such as in `dns: { servers: [...] }` of server.yaml.
 */
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { isRoot } from '#host/process';
import { tempDir } from '#testing/temp-dir';
import { nobody, startDaemon } from './daemon.ts';
import { writeZones, type LabZones, type WrittenZones } from './dns-zones.ts';
import { eventually } from './mailbox.ts';

export type { LabZone, LabZones } from './dns-zones.ts';

/** Programs that a lab is made of. */
export const labPrograms = ['knotd', 'unbound', 'ldns-keygen', 'ldns-signzone'] as const;

/** A lab at work. */
export interface DnsLab extends AsyncDisposable {
  /** Address and port of the validating resolver. */
  readonly server: string;
}

/** Exists in every lab: a server that knows it is ready. */
const readyName = 'ready.test';

/** Starts a lab. @throws Error with what a program said when it does not get ready. */
export async function startDnsLab(zones: LabZones): Promise<DnsLab> {
  await using undo = new AsyncDisposableStack();
  const dir = undo.use(await tempDir());
  const ready = { kind: 'zone', records: ['@ TXT "ready"'], signatures: 'good' } as const;
  const written = await writeZones(dir.path, { ...zones, [readyName]: ready });
  const silent = undo.use(await listenInSilence());
  const knotPort = await freePort();
  const unboundPort = await freePort(knotPort);
  const knotFolder = join(dir.path, 'knot');
  await mkdir(knotFolder);
  // Name servers run as another user when we are root.
  await chmod(dir.path, 0o755);
  if (isRoot()) await chown(knotFolder, nobody.uid, nobody.gid);
  const knotConf = join(dir.path, 'knot.conf');
  await writeFile(knotConf, knotConfOf(dir.path, knotPort, written, zones));
  undo.use(await startNameServer('knotd', ['-c', knotConf], knotPort));
  const unboundConf = join(dir.path, 'unbound.conf');
  await writeFile(unboundConf, unboundConfOf(dir.path, { unboundPort, knotPort, silent: silent.port }, written, zones));
  undo.use(await startNameServer('unbound', ['-d', '-c', unboundConf], unboundPort));
  const running = undo.move();
  return { server: `127.0.0.1:${unboundPort}`, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

function knotConfOf(folder: string, port: number, { files }: WrittenZones, zones: LabZones): string {
  const failing = Object.entries(zones).flatMap(([name, { kind }]) => (kind === 'failing' ? [name] : []));
  const served = [...files, ...failing.map((name) => [name, join(folder, 'absent')] as const)];
  const entries = served.map(([name, file]) => `  - domain: "${name}"\n    file: "${file}"\n`);
  return `server:
  rundir: "${folder}/knot"
  listen: 127.0.0.1@${port}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: "${folder}/knot"
log:
  - target: stderr
    any: warning
template:
  - id: default
    semantic-checks: off
    zonefile-load: whole
    journal-content: none
zone:
${entries.join('')}`;
}

function unboundConfOf(
  folder: string,
  ports: { readonly unboundPort: number; readonly knotPort: number; readonly silent: number },
  { trustAnchor }: WrittenZones,
  zones: LabZones,
): string {
  const silent = Object.entries(zones).flatMap(([name, { kind }]) => (kind === 'silent' ? [name] : []));
  const stubs = [['.', ports.knotPort], ...silent.map((name) => [name, ports.silent] as const)] as const;
  return `server:
  directory: "${folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  ede: yes
  logfile: ""
  verbosity: 0
  num-threads: 1
  interface: 127.0.0.1@${ports.unboundPort}
  do-ip6: no
  do-not-query-localhost: no
  module-config: "validator iterator"
  trust-anchor: "${trustAnchor.replaceAll('\t', ' ')}"
  local-zone: "test." nodefault
remote-control:
  control-enable: no
${stubs.map(([name, port]) => `stub-zone:\n  name: "${name}"\n  stub-addr: 127.0.0.1@${port}\n`).join('')}`;
}

/** Starts a name server and waits until it answers. */
async function startNameServer(command: string, args: readonly string[], port: number): Promise<AsyncDisposable> {
  const daemon = await startDaemon({ command, args, asNobody: true, places: [{ host: '127.0.0.1', port }] });
  const resolver = new Resolver({ timeout: 1000, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
  try {
    await eventually(`an answer of ${command}`, () => resolver.resolveTxt(readyName).catch(() => null));
  } catch (error) {
    await daemon[Symbol.asyncDispose]();
    throw new Error(daemon.log(), { cause: error });
  }
  return daemon;
}

/** A port where datagrams go unanswered. */
async function listenInSilence(): Promise<AsyncDisposable & { readonly port: number }> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    port: socket.address().port,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => socket.close(() => resolve())),
  };
}

/** Returns a port that is free now, by UDP and TCP, other than those given. */
async function freePort(...taken: readonly number[]): Promise<number> {
  for (;;) {
    const datagrams = await listenInSilence();
    const { port } = datagrams;
    const connections = createServer().listen(port, '127.0.0.1');
    const isFree = await once(connections, 'listening').then(
      () => !taken.includes(port),
      () => false,
    );
    connections.close();
    await datagrams[Symbol.asyncDispose]();
    if (isFree) return port;
  }
}
