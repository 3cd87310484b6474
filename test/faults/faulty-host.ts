import type { Clock } from '#ports/clock';
import type { FakeChannel } from '#testing/channel-pair';
import type { HostNature, Misdeed, Stage } from './misdeeds.ts';

const minuteMs = 60_000;
const latin1 = new TextDecoder('latin1');
const encoder = new TextEncoder();
const endOfContent = '\r\n.\r\n';

/** Ends the dialogue: the host is gone, or does not answer any more. */
class Over extends Error {}

/** Commands by their first word, and the stage that their replies belong to. */
const stages: Readonly<Record<string, Stage>> = {
  EHLO: 'EHLO',
  HELO: 'EHLO',
  STARTTLS: 'STARTTLS',
  AUTH: 'AUTH',
  MAIL: 'MAIL',
  RCPT: 'RCPT',
  DATA: 'DATA',
  BDAT: 'BDAT',
  QUIT: 'QUIT',
};

/** A mail host that follows SMTP but for one misdeed, and counts what it was given. */
export class FaultyHost {
  readonly name: string;
  readonly nature: HostNature;
  /** Whole messages that arrived, and were not refused in so many words. */
  copies = 0;
  /** Those to which it has said 250, in full. */
  promised = 0;
  /** Messages that were begun after it had promised one. */
  begunAfterPromise = 0;
  /** Extensions that it does not offer now, of those that the others offer. */
  lacks: readonly string[] = [];
  /** It no longer reads. */
  isDeaf = false;
  /** It takes so long to read a piece. */
  takesMs = 0;
  readonly #clock: Clock;

  constructor(name: string, nature: HostNature, clock: Clock) {
    this.name = name;
    this.nature = nature;
    this.#clock = clock;
  }

  /** Serves one connection. Never rejects. @param misdeed  Null while it behaves. */
  async serve(channel: FakeChannel, misdeed: { readonly stage: Stage; readonly how: Misdeed } | null): Promise<void> {
    this.isDeaf = false;
    this.takesMs = 0;
    try {
      await new Dialogue(this, channel, this.#clock, misdeed).run();
    } catch {
      // Over, or the peer has gone.
    }
  }
}

class Dialogue {
  readonly #host: FaultyHost;
  readonly #channel: FakeChannel;
  readonly #clock: Clock;
  readonly #misdeed: { readonly stage: Stage; readonly how: Misdeed } | null;
  #input = '';
  #isSecured = false;
  /** Progress of the transaction: parts that were accepted. */
  #hasSender = false;
  #hasRecipient = false;

  constructor(
    host: FaultyHost,
    channel: FakeChannel,
    clock: Clock,
    misdeed: { readonly stage: Stage; readonly how: Misdeed } | null,
  ) {
    this.#host = host;
    this.#channel = channel;
    this.#clock = clock;
    this.#misdeed = misdeed;
  }

  async run(): Promise<void> {
    await this.#reply('greeting', `220 ${this.#host.name} ESMTP`);
    for (;;) {
      const line = await this.#until('\r\n');
      const verb = line.split(' ', 1)[0]?.toUpperCase() ?? '';
      await this.#answer(verb, line);
      if (verb === 'QUIT') {
        this.#channel.destroy();
        return;
      }
    }
  }

  async #answer(verb: string, line: string): Promise<void> {
    const stage = verb === 'EHLO' && this.#isSecured ? 'EHLO after TLS' : stages[verb];
    if (stage === undefined) return await this.#send('500 5.5.1 what?\r\n');
    switch (verb) {
      case 'EHLO':
        return void (await this.#reply(stage, this.#extensions()));
      case 'HELO':
        // Who knows no EHLO knows this.
        return await this.#send(`250 ${this.#host.name}\r\n`);
      case 'STARTTLS':
        // What it did not offer it does not know.
        if (this.#misdeed?.stage === 'EHLO') return await this.#send('502 5.5.1 what?\r\n');
        if (await this.#reply(stage, '220 2.0.0 go ahead')) await this.#secure();
        return undefined;
      case 'MAIL':
        this.#hasRecipient = false;
        this.#hasSender = await this.#reply(stage, '250 2.1.0 fine');
        return undefined;
      case 'RCPT':
        if (!this.#hasSender) return await this.#send('503 5.5.1 MAIL first\r\n');
        this.#hasRecipient = (await this.#reply(stage, '250 2.1.5 fine')) || this.#hasRecipient;
        return undefined;
      case 'DATA':
        if (!this.#hasRecipient) return await this.#send('503 5.5.1 RCPT first\r\n');
        if (this.#host.promised > 0) this.#host.begunAfterPromise += 1;
        if (await this.#reply(stage, '354 go ahead')) await this.#content();
        return undefined;
      case 'BDAT':
        return await this.#chunk(Number(line.split(' ')[1]));
      case 'AUTH':
        return void (await this.#reply(stage, '235 2.7.0 come in'));
      case 'QUIT':
        return void (await this.#reply(stage, '221 2.0.0 bye'));
      default:
        return void (await this.#reply(stage, '250 2.1.0 fine'));
    }
  }

  #extensions(): string {
    const { offers } = this.#host.nature;
    const usual = ['8BITMIME', 'SMTPUTF8'].filter((name) => !this.#host.lacks.includes(name));
    const lines = [this.#host.name, 'ENHANCEDSTATUSCODES', ...usual];
    lines.push(...offers.filter((offer) => offer !== 'STARTTLS' || !this.#isSecured));
    return lines.map((line, i) => `250${i === lines.length - 1 ? ' ' : '-'}${line}`).join('\r\n');
  }

  async #secure(): Promise<void> {
    this.#input = '';
    const how = this.#misdeed?.stage === 'handshake' ? this.#misdeed.how.kind : null;
    if (how === 'dies') {
      this.#channel.destroy();
      throw new Over();
    }
    if (how === 'silent') throw new Over();
    await this.#channel.startTls();
    this.#isSecured = true;
  }

  async #content(): Promise<void> {
    const how = this.#misdeed?.stage === 'content' ? this.#misdeed.how : null;
    if (how?.kind === 'takes-slowly') this.#host.takesMs = how.ms;
    else if (how !== null) {
      await this.#more();
      this.#host.isDeaf = how.kind === 'silent';
      await this.#reply('content', '');
    }
    await this.#until(endOfContent, '\r\n');
    this.#host.takesMs = 0;
    await this.#decide('end of content');
  }

  async #chunk(sizeBytes: number): Promise<void> {
    while (this.#input.length < sizeBytes) await this.#more();
    this.#input = this.#input.slice(sizeBytes);
    if (!this.#hasRecipient) return await this.#send('503 5.5.1 RCPT first\r\n');
    if (this.#host.promised > 0) this.#host.begunAfterPromise += 1;
    await this.#decide('BDAT');
  }

  /** The whole message is here. */
  async #decide(stage: Stage): Promise<void> {
    const how = this.#misdeed?.stage === stage ? this.#misdeed.how : null;
    const isRefused = how?.kind === 'says' && /^[45]\d\d[ -].*\r\n$/s.test(how.bytes);
    if (!isRefused) this.#host.copies += 1;
    if (await this.#reply(stage, '250 2.0.0 kept')) this.#host.promised += 1;
  }

  /** @returns whether the reply was the usual one. */
  async #reply(stage: Stage, usual: string): Promise<boolean> {
    const isHere = this.#misdeed?.stage === stage || this.#misdeed?.stage === 'every reply';
    const how = isHere ? (this.#misdeed?.how ?? null) : null;
    switch (how?.kind) {
      case 'dies':
        this.#channel.destroy();
        throw new Over();
      case 'dies-after':
        await this.#send(`${usual}\r\n`);
        if (stage === 'end of content' || stage === 'BDAT') this.#host.promised += 1;
        this.#channel.destroy();
        throw new Over();
      case 'says':
        await this.#send(how.bytes);
        if (how.ends !== true) return false;
        this.#channel.destroy();
        throw new Over();
      case 'silent':
        throw new Over();
      case 'late':
        await this.#clock.sleep(how.ms);
        await this.#send(`${usual}\r\n`);
        return true;
      case 'drips':
        await this.#drip();
        throw new Over();
      default:
        await this.#send(`${usual}\r\n`);
        return true;
    }
  }

  async #drip(): Promise<void> {
    while (!this.#channel.isClosed) {
      for (const byte of '250-one byte a minute, and no end of it\r\n') {
        await this.#send(byte);
        await this.#clock.sleep(minuteMs);
      }
    }
  }

  async #send(text: string): Promise<void> {
    await this.#channel.write(encoder.encode(text));
  }

  /** Reads up to an end, which is consumed too. @param before  Counts as if it had been there at the beginning. */
  async #until(end: string, before = ''): Promise<string> {
    this.#input = before + this.#input;
    for (;;) {
      const at = this.#input.indexOf(end);
      if (at >= 0) {
        const found = this.#input.slice(0, at);
        this.#input = this.#input.slice(at + end.length);
        return found;
      }
      await this.#more();
    }
  }

  async #more(): Promise<void> {
    const chunk = await this.#channel.read(Number.POSITIVE_INFINITY);
    if (chunk === null) throw new Over();
    this.#input += latin1.decode(chunk);
  }
}
