import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Sink } from '../load/sink.ts';
import { writeCertificate } from './certificate.ts';
import { accountCount, addressOf, password, relayConnections, type Peer } from './peer.ts';
import { freePort, greeted } from './ports.ts';

const main = fileURLToPath(new URL('../../../src/cli/main.mjs', import.meta.url));

/** Godwit, with what its commands need to reach it. */
export interface GodwitPeer extends Peer {
  /** The program. */
  readonly main: string;
  /** Its configuration folder. */
  readonly config: string;
  /** JMAP. */
  readonly httpPort: number;
}

/** Starts `godwit serve` with everything below a new folder in `parent`; mail for other domains goes to `sink`, if there is one; `settings` are lines of `server.yaml`. */
export async function startGodwit(parent: string, sink: Sink | null, settings = ''): Promise<GodwitPeer> {
  const folder = mkdtempSync(join(parent, 'godwit-'));
  const ports = {
    smtp: await freePort(),
    imap: await freePort(),
    submission: await freePort(),
    http: await freePort(),
  };
  mkdirSync(join(folder, 'config'));
  const { certificateFile, keyFile } = await writeCertificate(folder);
  writeFileSync(
    join(folder, 'config/server.yaml'),
    `hostname: bench.test
dataDirectory: ../data
user: ${userInfo().username}
postmaster: user9
log: { level: warn }
limits: { trustedNetworks: ['127.0.0.0/8'] }
listeners:
  bench:
    addresses: [127.0.0.1]
    tls: { certificateFile: ${certificateFile}, keyFile: ${keyFile} }
    smtp: { port: ${ports.smtp} }
    imap: { port: ${ports.imap}, allowPlaintextAuth: true }
    submission: { port: ${ports.submission}, allowPlaintextAuth: true }
    http: { port: ${ports.http} }
${settings}${sink === null ? '' : smarthost(sink)}`,
  );
  const accounts = Array.from(
    { length: accountCount },
    (_, n) => `  user${n}: { addresses: [${addressOf(n)}] }\n`,
  ).join('');
  writeFileSync(join(folder, 'config/domains.yaml'), `domains: { bench.test: {} }\naccounts:\n${accounts}`);
  for (let n = 0; n < accountCount; n += 1) {
    execFileSync(
      process.execPath,
      [main, 'password', 'set', '--config', join(folder, 'config'), `user${n}`, '--stdin'],
      {
        input: `${password}\n`,
      },
    );
  }
  // Relayed mail is signed, as mail of every domain is nowadays.
  if (sink !== null)
    execFileSync(process.execPath, [main, 'dkim', 'add', '--config', join(folder, 'config'), 'bench.test']);
  const start = performance.now();
  const run = (): ChildProcess =>
    spawn(process.execPath, [main, 'serve', '--config', join(folder, 'config')], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  let child = run();
  await greeted(ports.smtp);
  const startMs = performance.now() - start;
  await greeted(ports.imap);
  return {
    name: 'Godwit',
    main,
    config: join(folder, 'config'),
    httpPort: ports.http,
    smtpPort: ports.smtp,
    imapPort: ports.imap,
    submissionPort: ports.submission,
    sink,
    get pid() {
      return child.pid ?? 0;
    },
    startMs,
    async restart() {
      await ended(child);
      child = run();
      await greeted(ports.imap);
    },
    async [Symbol.asyncDispose]() {
      await ended(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function ended(child: ChildProcess): Promise<void> {
  const end = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await end;
}

function smarthost({ port }: Sink): string {
  return `queue: { concurrency: ${relayConnections} }
transports:
  sink: { kind: smtp, host: 127.0.0.1, port: ${port}, tls: none, limits: { concurrency: ${relayConnections} } }
routes:
  - transport: sink
`;
}
