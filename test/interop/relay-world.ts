import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { createTransport, type SendMailOptions } from 'nodemailer';
import { callControl, controlEndpoint } from '#host/control';
import type { AttemptRecord } from '#mail/queue';
import { makeAuthority } from './authority.ts';
import { freePort } from './daemon.ts';
import { foreignLogin, type ForeignServer, type ForeignSettings } from './foreign-server.ts';
import { eventually, messageWith } from './mailbox.ts';
import { startNameServer } from './name-server.ts';
import { account, startServe, type ServerUnderTest } from './server-under-test.ts';

/** The address that our server's one account sends from. */
const us = 'godwit@godwit.test';

/** A way to a relay: mail for the domain `NAME.DOMAIN` takes the way of that name. */
export interface Way {
  readonly kind: 'smtp' | 'submission' | 'submissions';
  /** Which of the relay's ports; 25 when absent. */
  readonly port?: keyof ForeignSettings['ports'];
  /** TLS other than the standard, which demands the right certificate. */
  readonly tls?: string;
  /** `auth` and `clientCertificate` as `server.yaml` has them; `secrets` holds the files `password`, `token` and `user.pem`. */
  readonly login?: string;
}

/** The login with the password, at whatever the relay offers. */
export const passwordLogin = `auth: { user: ${foreignLogin.user}, passwordFile: password }`;

/** Settings of a world with a relay. */
export interface RelayWorldSettings {
  readonly domain: string;
  readonly ways: Readonly<Record<string, Way>>;
  readonly start: (settings: ForeignSettings) => Promise<ForeignServer>;
  /** An access token for the relay. */
  readonly token?: string;
}

/** Outcome of one recipient: its row, and the attempts. */
export interface Recorded {
  readonly state: string;
  readonly lastReply: string;
  readonly attempts: readonly AttemptRecord[];
}

/** Our server in a process of its own, and a foreign one that it sends to, both on loopback addresses of their own. */
export interface RelayWorld extends AsyncDisposable {
  readonly server: ServerUnderTest;
  readonly foreign: ForeignServer;
  /** The host name of the foreign server. */
  readonly hostname: string;
  readonly submit: (to: readonly string[], raw: string, dsn?: SendMailOptions['dsn']) => Promise<void>;
  /** The record of a recipient, who must have one message only, once an attempt ended. */
  readonly recorded: (recipient: string) => Promise<Recorded>;
  /** The only message in our mailbox with this text in it. */
  readonly heard: (text: string) => Promise<string>;
  /** The message with this subject in a mailbox of the foreign server, with CRLF. */
  readonly received: (localpart: string, subject: string) => Promise<string>;
}

/** Starts both; needs root. */
export async function startRelayWorld({ domain, ways, start, token = '' }: RelayWorldSettings): Promise<RelayWorld> {
  await using undo = new AsyncDisposableStack();
  const net = `127.${randomInt(64, 128)}.${randomInt(1, 255)}`;
  const [ourAddress, address] = [`${net}.1`, `${net}.2`];
  const hostname = `mx.${domain}`;
  const [authority, stranger] = [await makeAuthority('Ours'), await makeAuthority('Stranger')];
  const [ours, user] = [await authority.forServer('mx.godwit.test'), await authority.forUser(foreignLogin.user)];
  const ports = {
    submission: await freePort(address),
    submissions: await freePort(address),
    strange: await freePort(address),
  };
  const domains = [domain, ...Object.keys(ways).map((name) => `${name}.${domain}`)];
  const names = undo.use(await startNameServer(zone({ ourAddress, address, hostname, domains })));
  const foreign = undo.use(
    await start({
      address,
      hostname,
      domain,
      ports,
      certificate: await authority.forServer(hostname),
      strangeCertificate: await stranger.forServer(hostname),
      authorityPem: authority.certPem,
      peer: { domain: 'godwit.test', address: ourAddress },
    }),
  );
  const server = undo.use(
    await startServe({
      host: ourAddress,
      server: `${serverYaml(ourAddress, names.port)}${transports(ways, { hostname, domain, ports })}`,
      domains: `domains: { localhost: {}, godwit.test: {} }\naccounts: { godwit: { addresses: [${account.address}, ${us}] } }\n`,
      files: {
        'cert.pem': ours.certPem,
        'key.pem': ours.keyPem,
        password: `${foreignLogin.password}\n`,
        wrong: 'feathers\n',
        token: `${token}\n`,
        'user.pem': user.certPem,
        'user-key.pem': user.keyPem,
        'authority.pem': authority.certPem,
      },
    }),
  );
  const running = undo.move();
  const control = controlEndpoint(join(server.folder, 'data'));
  const withLogs = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (error) {
      throw new Error(`${await foreign.log()}\n${server.log()}`, { cause: error });
    }
  };
  return {
    server,
    foreign,
    hostname,
    submit: (to, raw, dsn) => submitTo(server, to, raw, dsn),
    recorded: (recipient) => withLogs(eventually(`an attempt at ${recipient}`, () => recordOf(recipient))),
    heard: async (text) => (await withLogs(messageWith(server, text))).toString(),
    received: (localpart, subject) =>
      withLogs(
        eventually(`${subject} in the mailbox ${localpart}`, async () => {
          const messages = await foreign.mailbox(localpart);
          const found = messages.find((message) => message.includes(`Subject: ${subject}\n`));
          return found?.replaceAll('\n', '\r\n') ?? null;
        }),
      ),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };

  async function recordOf(recipient: string): Promise<Recorded | null> {
    const states = ['queued', 'leased', 'delivered', 'failed', 'dropped'];
    const { items } = (await callControl(control, 'queue.list', { recipient, states })) as {
      readonly items: readonly { readonly id: string }[];
    };
    const [item] = items;
    if (item === undefined) return null;
    const shown = (await callControl(control, 'queue.show', { id: item.id })) as {
      readonly items: readonly { readonly state: string; readonly lastReply: string | null }[];
      readonly attempts: readonly AttemptRecord[];
    };
    const [known] = shown.items;
    if (known === undefined || shown.attempts.length === 0) return null;
    return { state: known.state, lastReply: known.lastReply ?? '', attempts: shown.attempts };
  }
}

async function submitTo(
  { host, ports }: ServerUnderTest,
  to: readonly string[],
  raw: string,
  dsn: SendMailOptions['dsn'],
): Promise<void> {
  const auth = { user: account.address, pass: account.password };
  const tls = { rejectUnauthorized: false };
  const transport = createTransport({ host, port: ports.submissions, secure: true, auth, tls });
  await transport.sendMail({ envelope: { from: us, to: [...to] }, raw, ...(dsn !== undefined && { dsn }) });
}

interface Names {
  readonly ourAddress: string;
  readonly address: string;
  readonly hostname: string;
  readonly domains: readonly string[];
}

function zone({ ourAddress, address, hostname, domains }: Names) {
  const mx = (name: string, exchange: string) => [{ type: 'MX', name, data: { preference: 10, exchange } }] as const;
  const a = (name: string, data: string) => [{ type: 'A', name, data }] as const;
  return {
    'godwit.test': mx('godwit.test', 'mx.godwit.test'),
    'mx.godwit.test': a('mx.godwit.test', ourAddress),
    [hostname]: a(hostname, address),
    ...Object.fromEntries(domains.map((domain) => [domain, mx(domain, hostname)])),
  };
}

function transports(
  ways: RelayWorldSettings['ways'],
  { hostname, domain, ports }: Pick<ForeignSettings, 'hostname' | 'domain' | 'ports'>,
): string {
  const all = Object.entries(ways);
  const transport = ([name, { kind, port, tls, login }]: (typeof all)[number]): string =>
    [
      `  ${name}:`,
      `kind: ${kind}`,
      `host: ${hostname}`,
      `port: ${port === undefined ? 25 : ports[port]}`,
      tls === undefined ? 'caFile: authority.pem' : `tls: ${tls}`,
      ...(login === undefined ? [] : login.split('\n')),
    ].join('\n    ');
  const route = (name: string): string => `  - { toDomain: [${name}.${domain}], transport: ${name} }`;
  if (all.length === 0) return '';
  return ['transports:', ...all.map(transport), 'routes:', ...all.map(([name]) => route(name)), ''].join('\n');
}

/** `server.yaml` of a server at a standard address, with the lab's DNS. */
export function serverYaml(address: string, namesPort: number): string {
  return `hostname: mx.godwit.test
postmaster: godwit
user: nobody
dns: { servers: ['127.0.0.1:${namesPort}'] }
listeners:
  all:
    addresses: ['${address}']
    tls: { certificateFile: cert.pem, keyFile: key.pem }
    smtp: { port: 25 }
    submission: { port: 0 }
    submissions: { port: 0 }
    imap: { port: 0 }
    imaps: { port: 0 }
`;
}
