import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { mechanismsByStrength, type MechanismName } from '#lib/sasl';
import { fakeUser } from '#testing/fake-smtp-backend';
import { tempDir } from '#testing/temp-dir';
import { makeAuthority } from './authority.ts';
import { foreignToken } from './dovecot-sasl.ts';
import { startEhloFirst } from './ehlo-first.ts';
import { startExim } from './exim.ts';
import { foreignLogin, type ForeignServer, type ForeignSettings } from './foreign-server.ts';
import { startGsaslServer } from './gsasl-server.ts';
import { freshSubject } from './mailbox.ts';
import { startPostfixRelay } from './postfix-relay.ts';
import { describePeer, needs, needsRoot, run, succeed, type Ended } from './programs.ts';
import { startRelayWorld, type RelayWorld, type Way } from './relay-world.ts';
import { sampleMessage } from './sample-message.ts';
import { startSaslListener, type SaslListener } from './sasl-listener.ts';
import { account, program, setUpLocalserve, startLocalserveIn, type ServerUnderTest } from './server-under-test.ts';

type Server = 'dovecot' | 'exim' | 'gsasl';
type Client = 'gsasl' | 'swaks' | 'msmtp' | 'curl';

/**
 * Which foreign servers our client logs in to with each mechanism, and which foreign clients log in to our server.
 * `dovecot` is Postfix with Dovecot's authentication. Neither Dovecot 2.3 nor Exim as Debian builds it has SCRAM with channel binding, so that
 * the server is GNU SASL's library; of the clients, msmtp 1.8.23 and curl 7.88 have it not, GNU SASL has.
 * Our server does not know tokens: those are logins at our session with a fake that does.
 * GNU SASL has no token mechanisms, swaks has neither SCRAM nor those; curl uses OAUTHBEARER even where XOAUTH2 is configured.
 */
const peers: Readonly<
  Record<MechanismName, { readonly servers: readonly Server[]; readonly clients: readonly Client[] }>
> = {
  EXTERNAL: { servers: ['exim'], clients: ['msmtp', 'gsasl'] },
  'SCRAM-SHA-256-PLUS': { servers: ['gsasl'], clients: ['gsasl'] },
  'SCRAM-SHA-256': { servers: ['dovecot', 'gsasl'], clients: ['gsasl', 'msmtp'] },
  'SCRAM-SHA-1-PLUS': { servers: ['gsasl'], clients: ['gsasl'] },
  'SCRAM-SHA-1': { servers: ['dovecot', 'gsasl'], clients: ['gsasl', 'msmtp'] },
  'CRAM-MD5': { servers: ['dovecot', 'exim'], clients: ['gsasl', 'swaks', 'msmtp', 'curl'] },
  OAUTHBEARER: { servers: ['dovecot'], clients: ['msmtp', 'curl'] },
  XOAUTH2: { servers: ['dovecot'], clients: ['msmtp'] },
  PLAIN: { servers: ['dovecot', 'exim'], clients: ['gsasl', 'swaks', 'msmtp', 'curl'] },
  LOGIN: { servers: ['dovecot', 'exim'], clients: ['gsasl', 'swaks', 'msmtp', 'curl'] },
};
const mechanisms = Object.keys(peers) as MechanismName[];
const tokenMechanisms: readonly MechanismName[] = ['OAUTHBEARER', 'XOAUTH2'];

const servers: Readonly<
  Record<
    Server,
    {
      readonly programs: readonly string[];
      readonly kind: 'submission' | 'submissions';
      readonly start: (settings: ForeignSettings) => Promise<ForeignServer>;
      /** Pattern of a login in its log. */
      readonly logged: (mechanism: MechanismName) => RegExp;
    }
  >
> = {
  dovecot: {
    programs: ['postfix', 'dovecot'],
    kind: 'submission',
    start: startPostfixRelay,
    logged: (mechanism) => new RegExp(`sasl_method=${mechanism}, sasl_username=${foreignLogin.user}$`, 'm'),
  },
  exim: {
    programs: ['exim4', 'unshare'],
    kind: 'submission',
    start: startExim,
    logged: (mechanism) => new RegExp(` A=${eximNames[mechanism] ?? ''}:${foreignLogin.user} `),
  },
  gsasl: {
    programs: ['gsasl'],
    kind: 'submissions',
    start: startGsaslServer,
    logged: (mechanism) => new RegExp(`^AUTH ${mechanism} [^]*^MAIL FROM:`, 'm'),
  },
};
/** Exim logs the names that the configuration gives them. */
const eximNames: Partial<Record<MechanismName, string>> = {
  EXTERNAL: 'certificate',
  'CRAM-MD5': 'cram',
  PLAIN: 'plain',
  LOGIN: 'login',
};

for (const [name, { programs, kind, start, logged }] of Object.entries(servers)) {
  describePeer(`our SASL client logs in to ${name}`, needsRoot(...programs), () => {
    const used = mechanisms.filter((mechanism) => peers[mechanism].servers.some((server) => server === name));
    const domain = `${name}-sasl.test`;
    const wayOf = (mechanism: MechanismName): string => mechanism.toLowerCase();
    let world: RelayWorld;
    before(async () => {
      const ways = used.map((mechanism): [string, Way] => [
        wayOf(mechanism),
        { kind, port: kind, login: loginBy(mechanism) },
      ]);
      world = await startRelayWorld({ domain, ways: Object.fromEntries(ways), start, token: foreignToken() });
    });
    after(() => world[Symbol.asyncDispose]());

    for (const mechanism of used) {
      test(mechanism, async () => {
        const subject = freshSubject(`with ${mechanism}`);
        const recipient = `known@${wayOf(mechanism)}.${domain}`;
        await world.submit([recipient], sampleMessage(subject));
        const { state, lastReply } = await world.recorded(recipient);
        assert.equal(state, 'delivered', `${lastReply}\n${await world.foreign.log()}`);
        assert.ok((await world.received('known', subject)).endsWith(sampleMessage(subject)));
        assert.match(await world.foreign.log(), logged(mechanism));
      });
    }
  });
}

/** Settings of a transport that has this mechanism and no other. */
function loginBy(mechanism: MechanismName): string {
  const only = `mechanisms: [${mechanism}]`;
  if (mechanism === 'EXTERNAL') {
    return `auth: { ${only} }\nclientCertificate: { certificateFile: user.pem, keyFile: user-key.pem }`;
  }
  const secret = tokenMechanisms.includes(mechanism) ? 'tokenFile: token' : 'passwordFile: password';
  return `auth: { user: ${foreignLogin.user}, ${secret}, ${only} }`;
}

/** Login of a foreign client: server, and credentials. */
interface ClientLogin {
  readonly mechanism: MechanismName;
  readonly user: string;
  /** Password or token. */
  readonly secret: string;
  /** Port of 127.0.0.1 for STARTTLS. */
  readonly port: number;
  /** Files with a user's certificate and key. */
  readonly certFile: string;
  readonly keyFile: string;
}

const clients: Readonly<Record<Client, (login: ClientLogin) => Promise<Ended>>> = {
  gsasl: async ({ mechanism, user, secret, port, certFile, keyFile }) => {
    await using relay = await startEhloFirst({ host: '127.0.0.1', port });
    const bindsChannel = mechanism.endsWith('-PLUS');
    return await run('gsasl', [
      '--smtp',
      '--starttls',
      `--connect=127.0.0.1:${relay.port}`,
      `--mechanism=${mechanism}`,
      `--authentication-id=${user}`,
      // For EXTERNAL it is all that the client says; empty is the user of the certificate.
      `--authorization-id=${mechanism === 'EXTERNAL' ? '' : user}`,
      `--password=${secret}`,
      '--x509-ca-file=',
      ...(bindsChannel ? [] : ['--no-cb']),
      ...(mechanism === 'EXTERNAL' ? [`--x509-cert-file=${certFile}`, `--x509-key-file=${keyFile}`] : []),
    ]);
  },
  swaks: ({ mechanism, user, secret, port }) =>
    run('swaks', [
      '--server',
      `127.0.0.1:${port}`,
      '--tls',
      '--auth',
      mechanism,
      '--auth-user',
      user,
      '--auth-password',
      secret,
      '--from',
      user,
      '--to',
      user,
      '--quit-after',
      'AUTH',
    ]),
  msmtp: ({ mechanism, user, secret, port, certFile, keyFile }) =>
    run(
      'msmtp',
      [
        '--file=/dev/null',
        '--host=127.0.0.1',
        `--port=${port}`,
        '--tls=on',
        '--tls-certcheck=off',
        `--auth=${mechanism.toLowerCase()}`,
        `--user=${user}`,
        `--passwordeval=echo ${secret}`,
        `--from=${user}`,
        ...(mechanism === 'EXTERNAL' ? [`--tls-cert-file=${certFile}`, `--tls-key-file=${keyFile}`] : []),
        '--',
        user,
      ],
      { input: sampleMessage(freshSubject(`msmtp ${mechanism}`)) },
    ),
  curl: ({ mechanism, user, secret, port }) => {
    const isToken = tokenMechanisms.includes(mechanism);
    const login = isToken ? ['--user', user, '--oauth2-bearer', secret] : ['--user', `${user}:${secret}`];
    const url = `smtp://127.0.0.1:${port}/client.example`;
    return run(
      'curl',
      [
        '-sS',
        '--ssl-reqd',
        '--insecure',
        '--url',
        url,
        ...login,
        '--login-options',
        `AUTH=${mechanism}`,
        '--mail-from',
        user,
        '--mail-rcpt',
        user,
        '-T',
        '-',
      ],
      { input: sampleMessage(freshSubject(`curl ${mechanism}`)) },
    );
  },
};

describe('foreign SASL clients log in to us', () => {
  const running = new AsyncDisposableStack();
  let server: ServerUnderTest;
  let fake: SaslListener;
  let files: Pick<ClientLogin, 'certFile' | 'keyFile'>;
  before(async () => {
    const dir = running.use(await tempDir());
    const authority = await makeAuthority('Users');
    const { certPem, keyPem } = await authority.forUser('laptop');
    files = { certFile: join(dir.path, 'user.pem'), keyFile: join(dir.path, 'user-key.pem') };
    await writeFile(files.certFile, certPem);
    await writeFile(files.keyFile, keyPem, { mode: 0o600 });
    const folder = join(running.use(await tempDir()).path, 'godwit');
    await setUpLocalserve(folder);
    const settings = join(folder, 'server.yaml');
    const offered = `    mechanisms: [${mechanismsByStrength.join(', ')}]\n`;
    await writeFile(
      settings,
      (await readFile(settings, 'utf8')).replace(/^ +addresses: .*\n/m, (line) => line + offered),
    );
    server = running.use(await startLocalserveIn(folder));
    const clientKey = [program, 'client-key', 'add', account.name, files.certFile, '--dir', server.folder];
    await succeed(process.execPath, clientKey);
    fake = running.use(await startSaslListener(await authority.forServer('localhost'), tokenMechanisms));
  });
  after(() => running.disposeAsync());

  for (const mechanism of mechanisms) {
    for (const client of peers[mechanism].clients) {
      test(`${client} ${mechanism}`, needs(client), async () => {
        const known = loginsWith(mechanism);
        const login = tokenMechanisms.includes(mechanism)
          ? { user: fakeUser.login, secret: 'good', port: fake.port }
          : { user: account.address, secret: account.password, port: server.ports.submission };
        const ended = await clients[client]({ mechanism, ...login, ...files });
        assert.equal(ended.code, 0, `${ended.stdout}${ended.stderr}`);
        assert.equal(loginsWith(mechanism), known + 1);
      });
    }
  }

  function loginsWith(mechanism: MechanismName): number {
    const ofFake = fake.backend.outcomes.filter((outcome) => outcome.kind === 'success');
    return (
      ofFake.filter((outcome) => outcome.mechanism === mechanism).length +
      [...server.log().matchAll(new RegExp(`submission\\.login .* mechanism=${mechanism}$`, 'gm'))].length
    );
  }
});
