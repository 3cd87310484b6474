import { setImmediate as turn } from 'node:timers/promises';
import { parseAddress, type Address } from '#lib/address';
import type { MechanismName } from '#lib/sasl';
import { Secret } from '#lib/secret';
import { ReplyParser, showReply, type Reply } from '#lib/smtp';
import { SmtpClient, type RecipientResult } from '#proto/smtp-client';
import { channelPair, type FakeChannel } from '#testing/channel-pair';
import { latin1 } from './corpus.ts';
import { must, type Target } from './fuzz.ts';
import { chunked } from './mutate.ts';

const password = 'correct horse';
const content = 'Subject: x\r\n\r\n.dot\r\nlast line\r\n';
const names = ['a@example.org', 'b@example.org', 'c@example.org'];
const recipients = names.map(address);
const ehlo = (...words: readonly string[]): string =>
  words.map((word, i) => `250${i === words.length - 1 ? ' ' : '-'}${word}\r\n`).join('');
const accepted = '250 2.1.0 ok\r\n'.repeat(4);

/** Replies of servers to one message or two, with and without extensions, and refusals. */
const seeds = [
  `220 mx\r\n${ehlo('mx')}${accepted}354 go on\r\n250 2.0.0 done\r\n221 bye\r\n`,
  `220 mx\r\n502 no\r\n250 mx\r\n${accepted}354 go on\r\n250 done\r\n${accepted}354 go on\r\n451 later\r\n221 bye\r\n`,
  `220 mx\r\n${ehlo('mx', 'PIPELINING', 'SIZE 1000', '8BITMIME')}250 ok\r\n550-5.1.1 no\r\n550 5.1.1 such user\r\n250 ok\r\n452 4.5.3 too many\r\n354 go\r\n250 ok\r\n`,
  `220 mx\r\n${ehlo('mx', 'PIPELINING', 'CHUNKING', 'LIMITS RCPTMAX=2 MAILMAX=3', 'SMTPUTF8', 'DSN')}${'250 ok\r\n'.repeat(9)}221 bye\r\n`,
  `220 mx\r\n${ehlo('mx', 'AUTH PLAIN LOGIN CRAM-MD5')}334 PDEyMy40NTZAbXg+\r\n235 ok\r\n${accepted}354 go\r\n250 ok\r\n`,
  `220 mx\r\n${ehlo('mx', 'AUTH SCRAM-SHA-256 SCRAM-SHA-1')}334 \r\n334 cj1hLHM9QUFBQSxpPTQwOTY=\r\n235 ok\r\n${accepted}354 go\r\n250 ok\r\n`,
  `220 mx\r\n${ehlo('mx', 'STARTTLS', 'PIPELINING')}220 go ahead\r\n${ehlo('mx', 'AUTH PLAIN')}235 ok\r\n${accepted}354 go\r\n250 ok\r\n`,
  `220 mx\r\n${ehlo('mx', 'PIPELINING')}250 ok\r\n421 4.3.2 going down\r\n`,
].map(latin1);

/** A dialogue with a server that may be hostile: each recipient has an outcome, none is accepted but by a reply to the whole content. */
const smtpClient: Target = {
  name: 'smtp-client',
  seeds,
  dictionary: [
    [
      '220 ',
      '250 ',
      '250-',
      '250 2.1.5 ok\r\n',
      '354 go\r\n',
      '421 bye\r\n',
      '452 4.5.3 x\r\n',
      '550 5.1.1 no\r\n',
      '235 2.7.0 ok\r\n',
    ],
    [
      '334 \r\n',
      '334 VXNlcm5hbWU6\r\n',
      'AUTH PLAIN\r\n',
      'STARTTLS\r\n',
      'PIPELINING\r\n',
      'CHUNKING\r\n',
      'SIZE 10\r\n',
      'LIMITS RCPTMAX=1\r\n',
    ],
    ['\r\n', '\r', '\n', '\0', '-', ' ', '999 x\r\n', '100 x\r\n', '20', '2500 x\r\n'],
  ].flat(),
  maxBytes: 8000,
  async run(input, random) {
    const isTls = random() < 0.3;
    const withLogin = random() < 0.4;
    const tls = { serverName: 'mx.example', verify: 'report' } as const;
    const mode = (['none', 'opportunistic', 'required'] as const)[Math.floor(random() * 3)] ?? 'none';
    const mechanisms: readonly MechanismName[] = ['SCRAM-SHA-256', 'SCRAM-SHA-1', 'PLAIN', 'LOGIN'];
    const pair = channelPair({ tls: isTls, tlsFails: random() < 0.3, byteAtATime: random() < 0.1 });
    const client = new SmtpClient({
      channel: pair.client,
      hostname: 'client.example',
      tls: mode === 'none' ? { mode } : { mode, tls },
      random: { bytes: (count) => new Uint8Array(count).fill(5) },
      ...(withLogin && { credentials: { login: 'mrc', password: new Secret(password), mechanisms } }),
    });
    const server = new ScriptedServer(pair, random() < 0.3 ? chunked(input, random) : byReply(input), random() < 0.5);
    const running = converse(client);
    const { isReady, sent } = await server.until(running);
    must(isReady || sent.length === 0, 'mail was sent by a client that is not ready');
    must(!isReady || mode !== 'required' || pair.client.tls !== null, 'ready without the TLS that is required');
    must(!isReady || !withLogin || client.mechanism !== null, 'ready without the login');
    // The server of the seeds does not know the password.
    must(client.mechanism?.startsWith('SCRAM') !== true, 'SCRAM without a proof of the server');
    must(!decoded(server.heardInClear).includes(password), 'the password went in clear');
    must(!/(^|[^\r])\n|\r(?!\n)/.test(server.heard), 'a bare CR or LF');
    must(client.takeDialogue().length <= 50, 'a long dialogue');
    for (const results of sent) {
      must(results.length === recipients.length, 'recipients without an outcome');
      for (const [i, { outcome }] of results.entries()) {
        if (outcome.kind !== 'accepted') continue;
        const name = names[i] ?? '';
        must(server.didTake(name, outcome.reply), () => `${name} was not taken: ${showReply(outcome.reply)}`);
      }
    }
  },
};

async function converse(
  client: SmtpClient,
): Promise<{ readonly isReady: boolean; readonly sent: readonly RecipientResult[][] }> {
  const sent: RecipientResult[][] = [];
  const opened = await client.open();
  for (let i = 0; i < 2 && client.isUsable; i += 1) {
    const bytes = latin1(content);
    const mail = { sizeBytes: bytes.length, eightBit: false, smtputf8: false, requireTls: false };
    sent.push(
      await client.send({
        ...mail,
        from: address('sender@example.net'),
        recipients: recipients.map((to) => ({ address: to })),
        // oxlint-disable-next-line require-await -- a generator of nothing but what is there
        async *content() {
          yield bytes.subarray(0, 9);
          yield bytes.subarray(9);
        },
      }),
    );
  }
  await client.quit();
  return { isReady: opened.kind === 'ready', sent };
}

/** Input cut behind each reply. */
function byReply(input: Uint8Array): Uint8Array[] {
  const text = new TextDecoder('latin1').decode(input);
  return (text.match(/(?:\d{3}-.*\r?\n)*.*(?:\n|$)/g) ?? []).filter((reply) => reply !== '').map(latin1);
}

/** One message that the client sent: who was not refused, none when it was not whole, and what was said to it. */
interface Transaction {
  readonly taken: readonly string[];
  readonly end: Reply | null;
}

/** A server that says what it was given whatever it hears: all at once, or a reply to each line. At its end it hangs up, or is silent. */
class ScriptedServer {
  readonly #client: FakeChannel;
  readonly #channel: FakeChannel;
  readonly #script: Uint8Array[];
  readonly #hangsUp: boolean;
  readonly #replies = new ReplyParser();
  #taken: readonly Transaction[] | null = null;
  heard = '';
  heardInClear = '';

  constructor(
    { client, server }: { readonly client: FakeChannel; readonly server: FakeChannel },
    script: Uint8Array[],
    hangsUp: boolean,
  ) {
    this.#client = client;
    this.#channel = server;
    this.#script = script;
    this.#hangsUp = hangsUp;
  }

  /** Talks until the client has ended. @throws Error when it does not end. */
  async until<T>(running: Promise<T>): Promise<T> {
    const talk = { hasEnded: false };
    const end = (): void => {
      talk.hasEnded = true;
    };
    running.then(end, end);
    const listening = this.#listen();
    for (let [turns, idle] = [0, 0]; !talk.hasEnded; turns += 1) {
      must(turns < 20_000, 'the client does not end');
      await turn();
      if (talk.hasEnded) break;
      if (this.#client.pendingReadMs === null) {
        // It makes a handshake, which begins when both ends want it.
        idle += 1;
        if (idle === 5 && this.#channel.tls === null) void this.#channel.startTls().catch(() => undefined);
        continue;
      }
      idle = 0;
      const next = this.#script.shift();
      if (next !== undefined) await this.#say(next);
      else if (this.#hangsUp) this.#channel.endWriting();
      else this.#client.timeout();
    }
    this.#channel.destroy();
    await listening;
    return await running;
  }

  async #say(bytes: Uint8Array): Promise<void> {
    this.#replies.feed(bytes);
    await this.#channel.write(bytes).catch(() => undefined);
  }

  async #listen(): Promise<void> {
    const decoder = new TextDecoder('latin1');
    for (;;) {
      const chunk = await this.#channel.read(0).catch(() => null);
      if (chunk === null) return;
      const text = decoder.decode(chunk);
      this.heard += text;
      if (this.#channel.tls === null) this.heardInClear += text;
    }
  }

  /** Reports whether the reply was said in answer to the whole content, for a recipient that had not been refused. */
  didTake(recipient: string, reply: Reply): boolean {
    this.#taken ??= this.#transactions();
    return this.#taken.some(
      ({ taken, end }) =>
        taken.includes(recipient) && end !== null && end.code < 300 && showReply(end) === showReply(reply),
    );
  }

  /** Reads what was heard as a server would, each line with the reply that it got. */
  #transactions(): readonly Transaction[] {
    const all: Transaction[] = [];
    const next = (): Reply | null => {
      const event = this.#replies.next();
      return event?.kind === 'reply' ? event.reply : null;
    };
    next();
    let taken: string[] = [];
    for (let rest = this.heard; rest !== '';) {
      const line = rest.slice(0, rest.indexOf('\r\n') + 2);
      rest = rest.slice(line.length);
      const chunk = /^BDAT (\d+) LAST\r\n$/.exec(line);
      const reply = chunk === null ? next() : null;
      if (line.startsWith('MAIL ')) taken = [];
      const rcpt = /^RCPT TO:<([^>]*)>/.exec(line);
      if (rcpt !== null && reply !== null && reply.code < 300) taken.push(rcpt[1] ?? '');
      const isData = line === 'DATA\r\n' && reply?.code === 354;
      if (chunk === null && !isData) {
        if (line === '') return all;
        continue;
      }
      const stuffed = `${content.replaceAll(/^\./gm, '..')}.\r\n`;
      const wanted = chunk === null ? stuffed : content;
      const isWhole = rest.startsWith(wanted);
      if (!isWhole && !rest.startsWith('.\r\n')) return all;
      rest = rest.slice(isWhole ? wanted.length : 3);
      const end = next();
      all.push({ taken: isWhole ? taken : [], end });
    }
    return all;
  }
}

/** The text with everything in it that is base64, read. */
function decoded(text: string): string {
  return (
    text +
    (text.match(/[A-Za-z0-9+/]{6,}=*/g) ?? []).map((word) => Buffer.from(word, 'base64').toString('latin1')).join('\n')
  );
}

function address(text: string): Address {
  const parsed = parseAddress(text);
  must(parsed.ok, text);
  return parsed.value;
}

/** The client's side of SMTP. */
export const smtpClientTargets: readonly Target[] = [smtpClient];
