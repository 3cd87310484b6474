import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { LoginsBusy, type CredentialStore, type Identity } from '#lib/sasl';
import { mechanismsByStrength, deriveScramKeys } from '#lib/sasl';
import { conditionKinds } from '#ports/conditions';
import type { FakeChannel } from '#testing/channel-pair';
import { channelPair } from '#testing/channel-pair';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { FakeLoop } from '#testing/fake-loop';
import { MemoryImapBackend } from '#testing/imap-backend';
import { play } from '#testing/transcript';
import { Bye, defaultLimits, serveImap } from './index.ts';
import type { ImapServerOptions } from './options.ts';

const folder = new URL('../../../test/transcripts/imap/', import.meta.url);
const messages = new Map(
  readFileSync(new URL('messages.eml', folder), 'utf8')
    .split(/^=== /m)
    .filter((text) => text.trim() !== '')
    .map((text) => {
      const end = text.indexOf('\n');
      return [text.slice(0, end).trim(), text.slice(end + 1)];
    }),
);

const identity: Identity = { account: 'mrc', login: 'mrc' };
const store: CredentialStore = {
  async checkPassword(login, password) {
    if (password === 'busy') throw new LoginsBusy('too many logins at once');
    return login === 'mrc' && password === 'secret' ? identity : null;
  },
  scramKeys: async (_login, hash) => deriveScramKeys('secret', new Uint8Array(16).fill(1), 4096, hash),
  checkCramMd5: async () => null,
  identify: async (login) => (login === 'mrc' ? identity : null),
  identifyCertificate: async () => null,
};

class World {
  readonly backend = new MemoryImapBackend(store);
  readonly clock = new FakeClock();
  readonly log = new FakeLog();
  readonly shutdown = new AbortController();
  readonly channels: FakeChannel[] = [];
  readonly sessions: Promise<void>[] = [];
  readonly options: ImapServerOptions;
  readonly byteAtATime: boolean;

  constructor(byteAtATime = false, options: Partial<ImapServerOptions> = {}) {
    this.byteAtATime = byteAtATime;
    this.options = {
      hostname: 'mx.example',
      startTls: true,
      allowClearPasswords: true,
      mechanisms: mechanismsByStrength,
      preauthenticated: null,
      serverId: new Map([
        ['name', 'Godwit'],
        ['version', '1'],
      ]),
      limits: { ...defaultLimits, maxLoginFailures: 2, maxBadBeforeLogin: 3 },
      ...options,
    };
  }

  open(): FakeChannel {
    const { client, server } = channelPair({ serverPort: 143, byteAtATime: this.byteAtATime });
    this.channels.push(server);
    this.sessions.push(
      serveImap({
        channel: server,
        backend: this.backend,
        clock: this.clock,
        loop: new FakeLoop(),
        random: { bytes: (count) => new Uint8Array(count).fill(5) },
        log: this.log,
        shutdown: this.shutdown.signal,
        options: this.options,
      }),
    );
    return client;
  }

  async command(words: readonly string[]): Promise<void> {
    const [verb, first = '', second = ''] = words;
    if (verb === 'deliver') {
      this.backend.deliver(first, messages.get(second) ?? `Subject: ${second}\n\ntext\n`, {
        internalDateMs: Date.UTC(1996, 6, 17, 9, 44, 25),
      });
    } else if (verb === 'shutdown') this.shutdown.abort(new Error(words.slice(1).join(' ')));
    else if (verb === 'endLogin') this.shutdown.abort(new Bye('your login has ended', 'EXPIRED'));
    else if (verb === 'advance') await this.clock.advance(Number(first));
    else if (verb === 'timeout') this.channels.at(-1)?.timeout();
    else if (verb === 'bug') this.backend.failsNext = true;
    else if (verb === 'damage') this.backend.damaged.add(Number(first));
    else if (verb === 'rowless') this.backend.rowless.add(Number(first));
    else if (verb === 'deliver-empty') this.backend.deliver(first, '');
    else if (verb === 'condition') this.backend.condition = conditionKinds.find((kind) => kind === first) ?? null;
    else if (verb === 'full-keywords') this.backend.takesKeywords = false;
    else if (verb === 'limit') this.backend.appendLimitBytes = Number(first);
    else throw new Error(`unknown command in transcript: ${verb}`);
  }

  async end(): Promise<void> {
    for (const channel of this.channels) channel.destroy();
    await Promise.all(this.sessions);
  }
}

const damage = { account: 'mrc', uidValidity: 1, uids: [2], reason: 'damaged, as the test wants it' };

const smallLimits = {
  ...defaultLimits,
  maxCommandsBeforeLogin: 4,
  loginTimeoutMs: 10_000,
  maxPatternChars: 40,
  maxListSteps: 100,
  maxSearchWork: 2000,
};

const variants = (name: string): Partial<ImapServerOptions> =>
  name.startsWith('small-limits')
    ? { limits: smallLimits }
    : name.startsWith('tls-')
      ? { allowClearPasswords: false }
      : name.startsWith('preauth')
        ? { preauthenticated: identity }
        : name.startsWith('only-scram')
          ? { mechanisms: ['SCRAM-SHA-256'] }
          : {};

for (const name of readdirSync(folder)
  .filter((file) => file.endsWith('.txt'))
  .toSorted()) {
  for (const byteAtATime of [false, true]) {
    test(`serveImap: ${name}${byteAtATime ? ', one byte at a time' : ''}`, async () => {
      const world = new World(byteAtATime, variants(name));
      try {
        await play(readFileSync(new URL(name, folder), 'utf8'), {
          optional: '* OK received',
          open: async () => world.open(),
          byteAtATime,
          command: (words) => world.command(words),
        });
      } finally {
        await world.end();
      }
      const errors = world.log.ofLevel('error');
      const damaged = errors.filter(({ event }) => event === 'imap.messagesDamaged');
      if (name === 'damaged.txt') assert.deepEqual(damaged[0]?.fields, damage);
      else assert.deepEqual(damaged, []);
      const bugs = errors.filter((error) => !damaged.includes(error)).map(({ cause }) => String(cause));
      assert.deepEqual(bugs, name.startsWith('bug') ? ['Error: a bug, as the test wants it'] : []);
    });
  }
}
