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

/** One mail transaction (RFC 5321 §3.3), which finds an outcome for each recipient in every case. */
export class Transaction {
  readonly #connection: Connection;
  readonly #extensions: Extensions;
  readonly #limits: ClientLimits;
  readonly #mail: OutgoingMail;
  readonly #outcomes: (RecipientOutcome | null)[];
  #state: 'untouched' | 'open' | 'done' = 'untouched';
  /** True when the whole message was sent. */
  #isSent = false;
  /** Reply that refused MAIL when more commands were sent with it. */
  #refusal: Stop | null = null;

  constructor(connection: Connection, extensions: Extensions, limits: ClientLimits, mail: OutgoingMail) {
    this.#connection = connection;
    this.#extensions = extensions;
    this.#limits = limits;
    this.#mail = mailNeedsSmtputf8(mail) ? { ...mail, smtputf8: true } : mail;
    this.#outcomes = mail.recipients.map(() => null);
  }

  /** `untouched`: nothing was sent; `open`: the server may need RSET before the next MAIL (RFC 5321 §4.1.1.5); `done`: it does not. */
  get state(): 'untouched' | 'open' | 'done' {
    return this.#state;
  }

  /** True when the whole message was sent, or is being sent, and the server has not replied to it. */
  get isSent(): boolean {
    return this.#isSent;
  }

  /** Runs the transaction. Never throws because of the server or the content. `reset` sends RSET first. */
  async run(reset: boolean): Promise<readonly RecipientOutcome[]> {
    let rest: RecipientOutcome;
    try {
      this.#checkOffer();
      rest = await this.#dialogue(reset);
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      // After a refused MAIL nothing is accepted, so its reply is the reason.
      rest = (this.#refusal ?? error).outcome;
    }
    if (this.#isSent && rest.kind === 'failed' && this.#refusal === null) rest = { ...rest, mayBeTaken: true };
    return this.#outcomes.map((outcome) => outcome ?? rest);
  }

  /** Checks the message against the server's extensions before anything is sent. @throws Stop */
  #checkOffer(): void {
    const { size, eightBitMime, requireTls } = this.#extensions;
    const mail = this.#mail;
    if (!this.#connection.isUsable) throw failure('mail', 'closed', 'connection is closed');
    if (mail.requireTls && (!requireTls || this.#connection.channel.tls === null)) {
      // RFC 8689 §4.2.1: a message tagged REQUIRETLS MUST be sent over TLS to a server that offers REQUIRETLS.
      throw failure('mail', 'requiretls', 'server does not offer REQUIRETLS under TLS');
    }
    if (mail.eightBit && !eightBitMime && mail.eightBitAnyway !== true) {
      // RFC 6152 §3: without 8BITMIME the client must not send content with octets over 127.
      throw failure('mail', '8bitmime', 'server does not offer 8BITMIME');
    }
    if (size?.maxBytes != null && mail.sizeBytes > size.maxBytes) {
      // RFC 1870 §4: a message larger than the announced limit will be rejected.
      throw failure('mail', 'size', `message has ${mail.sizeBytes} bytes, server takes ${size.maxBytes}`);
    }
  }

  /** @returns the outcome of all recipients without one of their own. @throws Stop */
  async #dialogue(reset: boolean): Promise<RecipientOutcome> {
    const { pipelining, chunking } = this.#extensions;
    if (!pipelining) return await this.#oneByOne(reset);
    if (chunking && this.#mail.sizeBytes <= this.#limits.maxOneShotBytes) return await this.#inOneShot(reset);
    return await this.#pipelined(reset);
  }

  /** Sends commands without PIPELINING: each waits for the reply to the one before (RFC 5321 §4.3.1). */
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
      // RFC 5321 §4.5.3.1.10: the client SHOULD send the accepted recipients now and the rest in another transaction.
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

  /** Sends envelope and DATA in one write, DATA as its last command (RFC 2920 §3.1), then the content. */
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
      // RFC 2920 §3.1: when DATA was accepted without a recipient, the client should send a single dot.
      await this.#connection.write(loneDot, 'content', this.#limits.dataBlockTimeoutMs);
      await this.#connection.reply('content', this.#limits.dataEndTimeoutMs);
    }
    if (this.#refusal !== null) throw this.#refusal;
    return this.#nobody();
  }

  /** Sends the content after 354 and reads the reply to it. */
  async #content(): Promise<RecipientOutcome> {
    // The network may be slow: from here on the time limit is for each piece (RFC 5321 §4.5.3.2.5).
    this.#connection.untilMs = Number.POSITIVE_INFINITY;
    await sendContent(this.#connection, this.#mail, this.#limits);
    this.#isSent = true;
    return this.#end(await this.#connection.reply('content', this.#limits.dataEndTimeoutMs));
  }

  /** Sends envelope and content in one write: with BDAT a small message costs one round trip (RFC 3030 §4.2). */
  async #inOneShot(reset: boolean): Promise<RecipientOutcome> {
    const { chunks, sizeBytes } = await gatherContent(this.#mail);
    const bdat = `BDAT ${sizeBytes} LAST`;
    const head = encoder.encode(`${this.#envelope(reset)}${bdat}\r\n`);
    const all = joinBytes([head, ...chunks]);
    checkContent(all.subarray(head.length));
    this.#state = 'open';
    this.#connection.dialogue.note(bdat);
    // No deadline: once a host has the message, another host must not be tried.
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
    // The rest has been sent already, so a refused RSET matters only when MAIL fails as well.
    if (mailReply.code >= 300) {
      const isReset = resetReply === null || resetReply.code < 300;
      this.#refusal = isReset ? unexpected('mail', mailReply) : unexpected('reset', resetReply);
    }
    for (let i = 0; i < this.#outcomes.length; i++) {
      const reply = await this.#connection.reply('rcpt', rcptTimeoutMs);
      // After a refused MAIL each RCPT is out of order (RFC 5321 §4.1.4); the reason is the reply to MAIL.
      if (this.#refusal === null) this.#noteRcpt(i, reply);
    }
  }

  /** Starts a write that continues while replies are read: RFC 2920 §3.1 requires clients to avoid a deadlock in which both sides only write. */
  #write(bytes: Uint8Array, onWritten?: () => void): Promise<void> {
    const written = this.#connection.write(bytes, 'mail', this.#limits.dataBlockTimeoutMs);
    // The server's replies count, even when it did not read everything.
    return written.then(onWritten, () => {});
  }

  #noteRcpt(i: number, reply: Reply): void {
    // RFC 5321 §4.3.2: 250 and 251 accept. Clients MUST interpret other codes by their first digit.
    if (reply.code < 300) return;
    const { outcome } = unexpected('rcpt', reply);
    this.#outcomes[i] = outcome;
    if (reply.code === 421) throw refusal('rcpt', reply);
  }

  /** Reports whether one of the first `count` recipients was not refused. */
  #hasAccepted(count: number): boolean {
    return this.#outcomes.slice(0, count).includes(null);
  }

  /** Returns the outcome when every recipient has one of its own. */
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

/** Returns the exception for an unexpected reply: a refusal for 4xx and 5xx, a protocol error for others. */
function unexpected(stage: ClientStage, reply: Reply): Stop {
  return reply.code >= 400 ? refusal(stage, reply) : failure(stage, 'protocol', `unexpected reply ${reply.code}`);
}

/** Reports whether a reply means too many recipients: 452, or 552, which the client SHOULD treat alike (RFC 5321 §4.5.3.1.10), unless the enhanced code has another meaning. */
export function isTooMany({ code, enhanced }: Reply): boolean {
  // RFC 3463 §3.6: x.5.3 is "too many recipients".
  return (code === 452 || code === 552) && (enhanced === null || enhanced.endsWith('.5.3'));
}
