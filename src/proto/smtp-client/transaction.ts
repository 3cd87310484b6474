import { joinBytes } from '#lib/codecs';
import type { Extensions, Reply } from '#lib/smtp';
import { type Connection, failure, refusal, Stop } from './connection.ts';
import { checkContent, gatherContent, sendContent } from './content.ts';
import { mailCommand, rcptCommand } from './envelope.ts';
import type { ClientLimits } from './limits.ts';
import { mailNeedsSmtputf8 } from './smtputf8.ts';
import type { ClientStage, OutgoingMail, RecipientOutcome } from './types.ts';

const encoder = new TextEncoder();
const loneDot = encoder.encode('.\r\n');

/** One mail transaction (RFC 5321 §3.3): finds the outcome of each recipient, whatever happens. */
export class Transaction {
  readonly #connection: Connection;
  readonly #extensions: Extensions;
  readonly #limits: ClientLimits;
  readonly #mail: OutgoingMail;
  readonly #outcomes: (RecipientOutcome | null)[];
  #state: 'untouched' | 'open' | 'done' = 'untouched';
  /** The whole message is on its way. */
  #isSent = false;
  /** Reply that refused MAIL when the server received more commands at once. */
  #refusal: Stop | null = null;

  constructor(connection: Connection, extensions: Extensions, limits: ClientLimits, mail: OutgoingMail) {
    this.#connection = connection;
    this.#extensions = extensions;
    this.#limits = limits;
    this.#mail = mailNeedsSmtputf8(mail) ? { ...mail, smtputf8: true } : mail;
    this.#outcomes = mail.recipients.map(() => null);
  }

  /** `untouched`: the server heard nothing of it; `open`: it may need RSET before the next MAIL; `done`: it does not. */
  get state(): 'untouched' | 'open' | 'done' {
    return this.#state;
  }

  /** True when the server has, or is about to have, the whole message, and has not said what becomes of it. */
  get isSent(): boolean {
    return this.#isSent;
  }

  /** Runs it. Never throws for what the server or the content does. `reset` sends RSET before. */
  async run(reset: boolean): Promise<readonly RecipientOutcome[]> {
    let rest: RecipientOutcome;
    try {
      this.#checkOffer();
      rest = await this.#dialogue(reset);
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      // Without a sender nothing is taken, whatever happened then.
      rest = (this.#refusal ?? error).outcome;
    }
    if (this.#isSent && rest.kind === 'failed' && this.#refusal === null) rest = { ...rest, mayBeTaken: true };
    return this.#outcomes.map((outcome) => outcome ?? rest);
  }

  /** Refuses what the server cannot do, before it is asked. */
  #checkOffer(): void {
    const { size, eightBitMime, requireTls } = this.#extensions;
    const mail = this.#mail;
    if (!this.#connection.isUsable) throw failure('mail', 'closed', 'connection is closed');
    if (mail.requireTls && (!requireTls || this.#connection.channel.tls === null)) {
      throw failure('mail', 'requiretls', 'server does not offer REQUIRETLS under TLS');
    }
    if (mail.eightBit && !eightBitMime && mail.eightBitAnyway !== true) {
      throw failure('mail', '8bitmime', 'server does not offer 8BITMIME');
    }
    if (size?.maxBytes != null && mail.sizeBytes > size.maxBytes) {
      throw failure('mail', 'size', `message has ${mail.sizeBytes} bytes, server takes ${size.maxBytes}`);
    }
  }

  /** @returns the outcome of all recipients that have none of their own. */
  async #dialogue(reset: boolean): Promise<RecipientOutcome> {
    const { pipelining, chunking } = this.#extensions;
    if (!pipelining) return await this.#oneByOne(reset);
    if (chunking && this.#mail.sizeBytes <= this.#limits.maxOneShotBytes) return await this.#inOneShot(reset);
    return await this.#pipelined(reset);
  }

  /** Without PIPELINING: each command waits for the reply to the one before. */
  async #oneByOne(reset: boolean): Promise<RecipientOutcome> {
    const { commandTimeoutMs, mailTimeoutMs, rcptTimeoutMs, dataInitTimeoutMs } = this.#limits;
    this.#state = 'open';
    if (reset) check('reset', await this.#connection.command('RSET', 'reset', commandTimeoutMs));
    const mailLine = mailCommand(this.#mail, this.#extensions);
    check('mail', await this.#connection.command(mailLine, 'mail', mailTimeoutMs));
    for (const [i, recipient] of this.#mail.recipients.entries()) {
      const line = rcptCommand(recipient, this.#mail, this.#extensions);
      const reply = await this.#connection.command(line, 'rcpt', rcptTimeoutMs);
      this.#noteRcpt(i, reply);
      // RFC 5321 §4.5.3.1.10: no more recipients in this transaction; asking for each would only be noise.
      if (isTooMany(reply) && this.#hasAccepted(i)) {
        for (let k = i + 1; k < this.#outcomes.length; k++) this.#noteRcpt(k, reply);
        break;
      }
    }
    if (!this.#hasAccepted(this.#outcomes.length)) return this.#nobody();
    const reply = await this.#connection.command('DATA', 'data', dataInitTimeoutMs);
    if (reply.code !== 354) throw unexpected('data', reply);
    return await this.#content();
  }

  /** Envelope and DATA in one write (RFC 2920 §3.1), then the content. */
  async #pipelined(reset: boolean): Promise<RecipientOutcome> {
    this.#state = 'open';
    const envelope = `${this.#envelope(reset)}DATA\r\n`;
    this.#connection.dialogue.note('DATA');
    const written = this.#write(encoder.encode(envelope));
    await this.#envelopeReplies(reset);
    const reply = await this.#connection.reply('data', this.#limits.dataInitTimeoutMs);
    await written;
    if (this.#refusal === null && this.#hasAccepted(this.#outcomes.length)) {
      if (reply.code !== 354) throw unexpected('data', reply);
      return await this.#content();
    }
    if (reply.code === 354) {
      // RFC 2920 §3.1: the server wants content although no recipient remains.
      await this.#connection.write(loneDot, 'content', this.#limits.dataBlockTimeoutMs);
      await this.#connection.reply('content', this.#limits.dataEndTimeoutMs);
    }
    if (this.#refusal !== null) throw this.#refusal;
    return this.#nobody();
  }

  /** Content after 354, and the reply to it. */
  async #content(): Promise<RecipientOutcome> {
    // A line may be slow: from here on each piece has its time (RFC 5321 §4.5.3.2.5).
    this.#connection.untilMs = Number.POSITIVE_INFINITY;
    await sendContent(this.#connection, this.#mail, this.#limits);
    this.#isSent = true;
    return this.#end(await this.#connection.reply('content', this.#limits.dataEndTimeoutMs));
  }

  /** Envelope and content in one write: a small message costs one round trip (RFC 3030 §4.2). */
  async #inOneShot(reset: boolean): Promise<RecipientOutcome> {
    const { chunks, sizeBytes } = await gatherContent(this.#mail);
    const bdat = `BDAT ${sizeBytes} LAST`;
    const head = encoder.encode(`${this.#envelope(reset)}${bdat}\r\n`);
    const all = joinBytes([head, ...chunks]);
    checkContent(all.subarray(head.length));
    this.#state = 'open';
    this.#connection.dialogue.note(bdat);
    // Hurry is no use: who has the message cannot be left for another host.
    this.#connection.untilMs = Number.POSITIVE_INFINITY;
    const written = this.#write(all, () => (this.#isSent = true));
    await this.#envelopeReplies(reset);
    const reply = await this.#connection.reply('content', this.#limits.dataEndTimeoutMs);
    await written;
    if (this.#refusal !== null) throw this.#refusal;
    if (!this.#hasAccepted(this.#outcomes.length)) return this.#nobody();
    return this.#end(reply);
  }

  #envelope(reset: boolean): string {
    const mail = this.#mail;
    const { dialogue } = this.#connection;
    const mailLine = mailCommand(mail, this.#extensions);
    if (reset) dialogue.note('RSET');
    dialogue.note(mailLine);
    let text = `${reset ? 'RSET\r\n' : ''}${mailLine}\r\n`;
    for (const recipient of mail.recipients) {
      const line = rcptCommand(recipient, mail, this.#extensions);
      dialogue.note(line);
      text += `${line}\r\n`;
    }
    return text;
  }

  /** Reads the replies to RSET, MAIL and each RCPT. */
  async #envelopeReplies(reset: boolean): Promise<void> {
    const { commandTimeoutMs, mailTimeoutMs, rcptTimeoutMs } = this.#limits;
    const resetReply = reset ? await this.#connection.reply('reset', commandTimeoutMs) : null;
    if (resetReply?.code === 421) throw refusal('reset', resetReply);
    const mailReply = await this.#connection.reply('mail', mailTimeoutMs);
    if (mailReply.code === 421) throw refusal('mail', mailReply);
    // The rest is on its way already, so a refused RSET only counts when MAIL does not work without.
    if (mailReply.code >= 300) {
      const isReset = resetReply === null || resetReply.code < 300;
      this.#refusal = isReset ? unexpected('mail', mailReply) : unexpected('reset', resetReply);
    }
    for (let i = 0; i < this.#outcomes.length; i++) {
      const reply = await this.#connection.reply('rcpt', rcptTimeoutMs);
      // After a refused MAIL each RCPT is out of order; what counts is why MAIL was refused.
      if (this.#refusal === null) this.#noteRcpt(i, reply);
    }
  }

  /** Starts a write that goes on while replies are read, as either side may be waiting for the other to read. */
  #write(bytes: Uint8Array, onWritten?: () => void): Promise<void> {
    const written = this.#connection.write(bytes, 'mail', this.#limits.dataBlockTimeoutMs);
    // What the server answered counts, even when it did not want to hear everything.
    return written.then(onWritten, () => {});
  }

  #noteRcpt(i: number, reply: Reply): void {
    // 250, 251 and 252 accept (RFC 5321 §4.3.2).
    if (reply.code < 300) return;
    const { outcome } = unexpected('rcpt', reply);
    this.#outcomes[i] = outcome;
    if (reply.code === 421) throw refusal('rcpt', reply);
  }

  /** Reports whether one of the first `count` recipients was not refused. */
  #hasAccepted(count: number): boolean {
    return this.#outcomes.slice(0, count).includes(null);
  }

  /** Every recipient has an outcome of its own. */
  #nobody(): RecipientOutcome {
    return { kind: 'failed', stage: 'rcpt', failure: 'protocol', reason: 'no recipients' };
  }

  #end(reply: Reply): RecipientOutcome {
    this.#state = 'done';
    return reply.code < 300 ? { kind: 'accepted', reply } : unexpected('content', reply).outcome;
  }
}

function check(stage: ClientStage, reply: Reply): void {
  if (reply.code >= 300) throw unexpected(stage, reply);
}

/** 4xx and 5xx say no; anything else that was not asked for is no SMTP. */
function unexpected(stage: ClientStage, reply: Reply): Stop {
  return reply.code >= 400 ? refusal(stage, reply) : failure(stage, 'protocol', `unexpected reply ${reply.code}`);
}

/** RFC 5321 §4.5.3.1.10: 452, and 552 from servers that follow older rules; unless a status says that it is about something else. */
export function isTooMany({ code, enhanced }: Reply): boolean {
  // RFC 3463 §3.6: x.5.3 is "too many recipients".
  return (code === 452 || code === 552) && (enhanced === null || enhanced.endsWith('.5.3'));
}
