import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { MechanismName } from '#lib/sasl';
import type { Channel } from '#ports/channel';
import { channelPair, type FakeChannel } from '#testing/channel-pair';
import { FakeClock } from '#testing/fake-clock';
import { FakeLog } from '#testing/fake-log';
import { FakeSmtpBackend } from '#testing/fake-smtp-backend';
import { play } from '#testing/transcript';
import { Refusal, type SessionOptions, SmtpSession } from './index.ts';
import { FakeLoop } from '#testing/fake-loop';
import { plainOptions } from '#testing/smtp-conversation';

interface Settings extends Partial<SessionOptions> {
  readonly tls?: boolean;
  readonly mechanisms?: readonly MechanismName[];
  readonly notAdmitted?: boolean;
  /** Played as written only: what is tested depends on what arrives together. */
  readonly whole?: boolean;
}

const folder = new URL('../../../test/transcripts/smtp/', import.meta.url);

/** Servers for one transcript, and what its `X:` lines ask about them. */
class Stage {
  readonly backend: FakeSmtpBackend;
  readonly log = new FakeLog();
  readonly #clock = new FakeClock();
  readonly #login = new AbortController();
  readonly #sessions: SmtpSession[] = [];
  readonly #running: Promise<void>[] = [];
  readonly #settings: Settings;
  #server: FakeChannel | null = null;

  constructor(settings: Settings) {
    this.#settings = settings;
    const { mechanisms } = settings;
    this.backend = new FakeSmtpBackend(mechanisms === undefined ? {} : { mechanisms });
    this.backend.loginEnded = this.#login.signal;
    if (settings.notAdmitted === true) this.backend.notAdmitted = new Refusal(421, '4.7.0', 'too many connections');
  }

  open(byteAtATime: boolean): Channel {
    const { client, server } = channelPair({ byteAtATime, tls: this.#settings.tls === true });
    this.#server = server;
    // Pauses for wasted commands are played where a transcript asks for them.
    const limits = { wasteMs: 0, ...this.#settings.limits };
    const options = { ...plainOptions, hostname: 'mx.example.org', startTls: true, ...this.#settings, limits };
    const deps = { channel: server, backend: this.backend, options, clock: this.#clock, log: this.log, id: 'test' };
    const random = { bytes: (count: number) => new Uint8Array(count).fill(1) };
    const session = new SmtpSession({ loop: new FakeLoop(), ...deps, random });
    this.#sessions.push(session);
    this.#running.push(session.run());
    return client;
  }

  async command([word, argument = '']: readonly string[]): Promise<void> {
    if (word === 'messages') assert.equal(this.backend.messages.length, Number(argument));
    else if (word === 'bugs') assert.equal(this.log.events.filter((e) => e.level === 'error').length, Number(argument));
    else if (word === 'shutdown') for (const session of this.#sessions) session.stop();
    else if (word === 'endLogin') this.#login.abort(new Error('your login has ended'));
    else if (word === 'content') {
      const text = new TextDecoder().decode(this.backend.messages[0]?.content);
      assert.equal(text.replaceAll('\r', '\\r').replaceAll('\n', '\\n'), argument);
    } else if (word === 'timeout') {
      while (this.#server?.pendingReadMs === null) await new Promise((resolve) => setImmediate(resolve));
      assert.equal(this.#server?.pendingReadMs, Number(argument));
      this.#server?.timeout();
    } else if (word === 'advance') {
      while (this.#clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
      assert.equal(this.#clock.nextMs, this.#clock.now() + Number(argument));
      await this.#clock.advance(Number(argument));
    } else throw new Error(`unknown word ${word}`);
  }

  /** All sessions ended, and nothing is left open. */
  async end(): Promise<void> {
    await Promise.all(this.#running);
    assert.equal(this.backend.openHandlers, 0, 'handlers left open');
    assert.equal(this.backend.closes, this.#sessions.length, 'closed once for each session');
  }
}

test('SmtpSession answers a bug in greet with 421, and ends', async () => {
  const stage = new Stage({});
  stage.backend.notAdmitted = new Error('crash, as asked');
  await play('S: 421 4.3.0 …(test)\nS! closed', { open: async () => stage.open(false) });
  await stage.end();
});

for (const name of readdirSync(folder).toSorted()) {
  const text = readFileSync(new URL(name, folder), 'utf8');
  const settings = JSON.parse(/^#! (.*)$/m.exec(text)?.[1] ?? '{}') as Settings;
  for (const byteAtATime of settings.whole === true ? [false] : [false, true]) {
    test(`SmtpSession plays ${name}${byteAtATime ? ' one byte at a time' : ''}`, async () => {
      const stage = new Stage(settings);
      await play(text, {
        open: async () => stage.open(byteAtATime),
        byteAtATime,
        command: (words) => stage.command(words),
      });
      await stage.end();
      if (!text.includes('X: bugs')) {
        assert.deepEqual(
          stage.log.events.filter((event) => event.level === 'error'),
          [],
        );
      }
    });
  }
}
