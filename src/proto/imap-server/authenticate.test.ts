import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { decodeBase64, encodeBase64Text } from '#lib/codecs';
import {
  mechanismsByStrength,
  type CredentialStore,
  type Identity,
  type MechanismName,
  createSaslClient,
  deriveScramKeys,
} from '#lib/sasl';
import { Secret } from '#lib/secret';
import { type FakeChannel, channelPair } from '#testing/channel-pair';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { FakeLoop } from '#testing/fake-loop';
import { MemoryImapBackend } from '#testing/imap-backend';
import { defaultLimits, serveImap } from './index.ts';

const identity: Identity = { account: 'mrc', login: 'mrc' };
const salt = new Uint8Array(16).fill(3);
const certificate = Uint8Array.of(1, 2, 3);

const store: CredentialStore = {
  checkPassword: async (login, password) => (login === 'mrc' && password === 'secret' ? identity : null),
  scramKeys: async (_login, hash) => deriveScramKeys('secret', salt, 4096, hash),
  checkCramMd5: async (login, challenge, digest) =>
    login === 'mrc' && createHmac('md5', 'secret').update(challenge).digest('hex') === digest ? identity : null,
  identify: async (login) => (login === 'mrc' ? identity : null),
  identifyCertificate: async (der) => (der[0] === 1 ? identity : null),
};

class Client {
  readonly #channel: FakeChannel;
  #rest = '';

  constructor(channel: FakeChannel) {
    this.#channel = channel;
  }

  async line(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf('\r\n');
      if (end >= 0) {
        const line = this.#rest.slice(0, end);
        this.#rest = this.#rest.slice(end + 2);
        return line;
      }
      const chunk = await this.#channel.read(1000);
      if (chunk === null) return 'end';
      this.#rest += new TextDecoder().decode(chunk);
    }
  }

  async send(text: string): Promise<void> {
    await this.#channel.write(new TextEncoder().encode(`${text}\r\n`));
  }

  /** Goes through an exchange; answers the tagged response. */
  async authenticate(
    mechanism: MechanismName,
    password: string,
    withInitial: boolean,
    plusOffered = true,
  ): Promise<string> {
    const { tls } = this.#channel;
    const sasl = createSaslClient(mechanism, {
      login: 'mrc',
      password: new Secret(password),
      bindings: tls === null ? null : { 'tls-exporter': tls.exporter, 'tls-server-end-point': tls.serverEndPoint },
      nonce: () => 'clientnonceclientnonce',
      plusOffered,
    });
    let initial = sasl.initial();
    await this.send(
      `a AUTHENTICATE ${mechanism}${withInitial && initial !== null ? ` ${encodeBase64Text(initial) || '='}` : ''}`,
    );
    if (withInitial) initial = null;
    for (;;) {
      const line = await this.line();
      if (!line.startsWith('+ ')) return line;
      const challenge = decodeBase64(new TextEncoder().encode(line.slice(2)));
      const step = initial === null ? sasl.step(challenge) : { kind: 'response' as const, data: initial };
      initial = null;
      await this.send(step.kind === 'response' ? encodeBase64Text(step.data) : step.kind === 'done' ? '' : '*');
    }
  }
}

async function connected(use: (client: Client) => Promise<void>): Promise<void> {
  const { client, server } = channelPair({ tls: true, tlsSession: { peerCertificate: certificate } });
  let count = 0;
  const log = new FakeLog();
  const session = serveImap({
    channel: server,
    backend: new MemoryImapBackend(store),
    clock: new (class extends FakeClock {
      override sleep(): Promise<void> {
        return Promise.resolve();
      }
    })(),
    loop: new FakeLoop(),
    random: { bytes: (size) => new Uint8Array(size).fill(++count) },
    log,
    shutdown: new AbortController().signal,
    options: {
      hostname: 'mx.example',
      startTls: false,
      allowClearPasswords: false,
      mechanisms: mechanismsByStrength,
      preauthenticated: null,
      serverId: new Map(),
      limits: defaultLimits,
    },
  });
  const player = new Client(client);
  assert.match(await player.line(), /^\* OK \[CAPABILITY .* AUTH=EXTERNAL AUTH=SCRAM-SHA-256-PLUS /);
  await use(player);
  await client.close();
  await session;
  assert.deepEqual(log.ofLevel('error'), []);
}

for (const mechanism of mechanismsByStrength) {
  for (const withInitial of [true, false]) {
    test(`authenticate ${mechanism}${withInitial ? ' with initial response' : ''}`, () =>
      connected(async (client) => {
        assert.match(await client.authenticate(mechanism, 'secret', withInitial), /^a OK \[CAPABILITY .*\] logged in$/);
      }));
  }
  if (mechanism !== 'EXTERNAL') {
    test(`authenticate ${mechanism} refuses a wrong password`, () =>
      connected(async (client) => {
        assert.match(await client.authenticate(mechanism, 'wrong', false), /^a NO \[AUTHENTICATIONFAILED\]/);
      }));
  }
}

test('authenticate SCRAM-SHA-256 refuses a client that was told of no -PLUS mechanism: somebody took them away', () =>
  connected(async (client) => {
    assert.match(await client.authenticate('SCRAM-SHA-256', 'secret', true, false), /^a NO \[AUTHENTICATIONFAILED\]/);
  }));
