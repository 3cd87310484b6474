import { randomInt } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { callControl, controlEndpoint } from '#host/control';
import { makeSelfSigned } from '#host/certificates';
import type { AttemptRecord } from '#mail/queue';
import { tempDir } from '#testing/temp-dir';
import { startDnsLab, type LabZones } from './dns-lab.ts';
import { eventually, freshSubject } from './mailbox.ts';
import { succeed } from './programs.ts';
import { sampleMessage } from './sample-message.ts';
import { account, program, startServe, type ServerUnderTest } from './server-under-test.ts';

/** The sender of everything that a lab sends. */
const us = 'godwit@godwit.test';

/** Returns three numbers of a loopback network that is not in use: `127.1.2`. */
export function labNetwork(): string {
  return `127.${randomInt(64, 128)}.${randomInt(1, 255)}`;
}

/** Settings of a sending lab. */
export interface SendingLabSettings {
  /** See `labNetwork`; `.1` is the server's. */
  readonly net: string;
  readonly zones: LabZones;
  /** Certificates of authorities that the server trusts besides those that Node ships. */
  readonly trustedPem?: string;
  /** Lines of server.yaml. */
  readonly more?: string;
}

/** Options of a message. */
export interface SendOptions {
  readonly requireTls?: boolean;
  /** Header fields with CRLF, to be put first. */
  readonly header?: string;
}

/** Outcome of one recipient after an attempt. */
export interface Attempted {
  /** In the queue. */
  readonly id: string;
  readonly state: string;
  readonly attempts: readonly AttemptRecord[];
}

/** Our server in a process of its own, as a user would start it, in the DNS of a lab. Needs root. */
export interface SendingLab extends AsyncDisposable {
  readonly server: ServerUnderTest;
  /** Submits a message. @returns its subject. */
  readonly send: (to: string, options?: SendOptions) => Promise<string>;
  /** Runs a command of `godwit` about the server. @returns what it prints */
  readonly ask: (...command: readonly string[]) => Promise<string>;
  /** Waits for so many attempts (1) at a recipient, who must have one message only. */
  readonly attempted: (to: string, count?: number) => Promise<Attempted>;
}

/** Starts DNS and the server. */
export async function startSendingLab(settings: SendingLabSettings): Promise<SendingLab> {
  await using undo = new AsyncDisposableStack();
  const dns = undo.use(await startDnsLab(settings.zones));
  const address = `${settings.net}.1`;
  const tls = await makeSelfSigned({ names: ['mx.godwit.test'], ips: [address], days: 2, now: Date.now() });
  const dir = undo.use(await tempDir());
  await chmod(dir.path, 0o755);
  const trusted = join(dir.path, 'trusted.pem');
  await writeFile(trusted, settings.trustedPem ?? '');
  const server = undo.use(
    await startServe({
      host: address,
      server: serverYaml(address, dns.server, settings.more ?? ''),
      domains: `domains: { localhost: {}, godwit.test: {} }\naccounts: { godwit: { addresses: [${account.address}, ${us}] } }\n`,
      files: { 'cert.pem': tls.certPem, 'key.pem': tls.keyPem },
      env: settings.trustedPem === undefined ? {} : { NODE_EXTRA_CA_CERTS: trusted },
    }),
  );
  const running = undo.move();
  return {
    server,
    send: (to, options) => submit(server, to, options),
    ask: async (...command) => {
      const { stdout } = await succeed(process.execPath, [program, ...command, '--config', server.folder]);
      return stdout;
    },
    attempted: (to, count = 1) => attempted(server, to, count),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function submit(
  { host, ports }: ServerUnderTest,
  to: string,
  { requireTls = false, header = '' }: SendOptions = {},
): Promise<string> {
  const transport = createTransport({
    host,
    port: ports.submissions,
    secure: true,
    auth: { user: account.address, pass: account.password },
    tls: { rejectUnauthorized: false },
  });
  const subject = freshSubject('lab');
  const raw = `${header}${sampleMessage(subject)}`;
  await transport.sendMail({ envelope: { from: us, to: [to] }, raw, requireTLSExtensionEnabled: requireTls });
  return subject;
}

async function attempted({ folder, log }: ServerUnderTest, to: string, count: number): Promise<Attempted> {
  const endpoint = controlEndpoint(join(folder, 'data'));
  try {
    return await eventually(`${count} attempts at ${to}`, async () => {
      const { items } = (await callControl(endpoint, 'queue.list', { recipient: to })) as {
        readonly items: readonly { readonly id: string; readonly state: string; readonly attempts: number }[];
      };
      const [item] = items;
      if (item === undefined || item.attempts < count || item.state === 'leased') return null;
      const { attempts } = (await callControl(endpoint, 'queue.show', { id: item.id })) as Attempted;
      return { id: item.id, state: item.state, attempts };
    });
  } catch (error) {
    throw new Error(log(), { cause: error });
  }
}

function serverYaml(address: string, dnsServer: string, more: string): string {
  return `hostname: mx.godwit.test
postmaster: godwit
user: nobody
dns: { servers: ['${dnsServer}'] }
listeners:
  all:
    addresses: ['${address}']
    tls: { certificateFile: cert.pem, keyFile: key.pem }
    smtp: { port: 0 }
    submission: { port: 0 }
    submissions: { port: 0 }
    imap: { port: 0 }
    imaps: { port: 0 }
${more}`;
}
