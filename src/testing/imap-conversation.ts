import assert from 'node:assert/strict';
import type { Channel } from '#ports/channel';
import { mechanismsByStrength, type CredentialStore } from '#lib/sasl';
import { defaultLimits, serveImap, type AccountBackend, type ImapBackend } from '#proto/imap-server';
import { channelPair } from './channel-pair.ts';
import type { TempStore } from './temp-store.ts';

const decoder = new TextDecoder('latin1');
const encoder = new TextEncoder();

type World = Pick<TempStore, 'clock' | 'log' | 'loop'>;

/** Serves a channel whose client is logged in as `mara`, over the backend that `open` gives. @returns when the session has ended. */
export function serveAccount(channel: Channel, { clock, log, loop }: World, open: () => AccountBackend): Promise<void> {
  const backend: ImapBackend = {
    credentials: {} as CredentialStore,
    admitLogin: async () => undefined,
    noteFailedLogin: () => undefined,
    noteClientId: () => undefined,
    open: async () => open(),
  };
  return serveImap({
    channel,
    backend,
    clock,
    loop,
    random: { bytes: (count) => new Uint8Array(count) },
    log,
    shutdown: new AbortController().signal,
    options: {
      hostname: 'mx.example',
      startTls: false,
      allowClearPasswords: true,
      mechanisms: mechanismsByStrength,
      preauthenticated: { account: 'mara', login: 'mara' },
      serverId: new Map(),
      limits: defaultLimits,
    },
  });
}

/** A session that is logged in to an account, over the backend that `open` gives. */
export class ImapConversation implements AsyncDisposable {
  readonly #channel;
  readonly #session: Promise<void>;
  #tag = 0;
  #rest = '';

  constructor(world: World, open: () => AccountBackend) {
    const { client, server } = channelPair({ serverPort: 143 });
    this.#channel = client;
    this.#session = serveAccount(server, world, open);
  }

  /** Sends a command; all that came before its tagged answer, as Latin-1, and the answer. */
  async ask(command: string | Uint8Array): Promise<{ readonly said: string; readonly answer: string }> {
    this.#tag += 1;
    const tag = `a${this.#tag}`;
    await this.#channel.write(encoder.encode(`${tag} `));
    await this.#channel.write(typeof command === 'string' ? encoder.encode(command) : command);
    await this.#channel.write(encoder.encode('\r\n'));
    for (;;) {
      const end = new RegExp(`(^|\\r\\n)${tag} ([^\\r]*)\\r\\n$`).exec(this.#rest);
      if (end !== null) {
        const said = this.#rest.slice(0, end.index + (end[1] ?? '').length);
        this.#rest = '';
        return { said, answer: end[2] ?? '' };
      }
      const chunk = await this.#channel.read(5000);
      assert.ok(chunk !== null, `the connection ended after ${decoder.decode(encoder.encode(String(command)))}`);
      this.#rest += decoder.decode(chunk);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#channel.close();
    await this.#session;
  }
}
