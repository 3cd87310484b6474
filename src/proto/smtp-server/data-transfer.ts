import { describeFinding } from '#lib/receivers';
import type { ContentProblem, Reply } from '#lib/smtp';
import type { Clock } from '#ports/clock';
import type { DataHandler } from './backend.ts';
import type { SessionLimits } from './limits.ts';
import type { OpenTransaction } from './open-transaction.ts';
import type { SessionOptions } from './options.ts';
import { Refusal } from './refusal.ts';

const crlf = Uint8Array.of(13, 10);

/** The part of a session's context that receiving content needs. */
interface TransferContext {
  readonly options: Pick<SessionOptions, 'pedantic'>;
  readonly limits: Pick<SessionLimits, 'dataTimeoutMs' | 'maxMessageBytes'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly wire: { readonly codec: { readonly hadBareLf: boolean } };
}

/**
 * The content of one message on its way to its handler: counts, checks, and keeps the first failure until the content has been read
 * to its end, because no reply is sent before.
 */
export class DataTransfer {
  readonly #context: TransferContext;
  readonly #transaction: OpenTransaction;
  readonly #mayHave8Bit: boolean;
  readonly #deadline: number;
  #handler: DataHandler | null;
  #sizeBytes = 0;
  #lastByte = 10;
  #failure: { readonly cause: unknown } | null = null;

  constructor(context: TransferContext, transaction: OpenTransaction, handler: DataHandler) {
    this.#context = context;
    this.#transaction = transaction;
    this.#handler = handler;
    const { body, smtputf8 } = transaction.parameters;
    this.#mayHave8Bit = !context.options.pedantic || body === '8BITMIME' || smtputf8;
    this.#deadline = context.clock.monotonic() + context.limits.dataTimeoutMs;
  }

  /** Gives content to the handler. Never throws for what the handler does; throws a Refusal that hangs up when reading on is pointless. */
  write(chunk: Uint8Array): void | Promise<void> {
    const { limits } = this.#context;
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes > limits.maxMessageBytes) this.tooLarge();
    if (!this.#mayHave8Bit && chunk.some((b) => b > 127)) {
      // RFC 6152 §3: without BODY=8BITMIME the content must be 7-bit.
      this.fail(new Refusal(500, '5.6.1', 'message has 8-bit content, but BODY=8BITMIME was not given'));
    }
    if (this.#handler === null) return;
    this.#lastByte = chunk[chunk.length - 1] ?? this.#lastByte;
    try {
      const written = this.#handler.write(chunk);
      return written instanceof Promise ? written.catch((error: unknown) => this.fail(error)) : undefined;
    } catch (error) {
      this.fail(error);
    }
  }

  /** Refuses the message for its size; past twice the limit there is no point in reading to the end. */
  tooLarge(): void {
    const { maxMessageBytes } = this.#context.limits;
    const refusal = { code: 552, enhanced: '5.3.4', text: `message larger than ${maxMessageBytes} bytes` };
    this.fail(new Refusal(refusal.code, refusal.enhanced, refusal.text));
    if (this.#sizeBytes > 2 * maxMessageBytes) {
      throw new Refusal(refusal.code, refusal.enhanced, refusal.text, { close: true });
    }
  }

  /** @throws Refusal when the content takes too long altogether. */
  checkTime(): void {
    if (this.#context.clock.monotonic() <= this.#deadline) return;
    const minutes = Math.round(this.#context.limits.dataTimeoutMs / 60_000);
    throw new Refusal(421, '4.4.2', `message took too long: the limit is ${minutes} minutes`);
  }

  /** Keeps the first failure, and frees the handler at once. */
  fail(cause: unknown): void {
    this.#failure ??= { cause };
    this.abort();
  }

  /** The chunk's or message's content is complete: throws what went wrong with it. */
  check(problem: ContentProblem | null): void {
    if (this.#failure !== null) throw this.#failure.cause;
    this.#transaction.hadBareLf = this.#context.wire.codec.hadBareLf;
    if (problem === null) return;
    const what = problem === 'bareCr' ? 'CR' : 'LF';
    // RFC 5321 §2.3.8, §4.1.1.4: guessing what a bare CR or LF means is what makes smuggling possible.
    const text = `bare ${what} in message: line ends must be CRLF, refused as possible smuggling`;
    throw new Refusal(
      500,
      '5.5.2',
      this.#context.options.pedantic ? describeFinding({ rule: problem, detail: text }) : text,
    );
  }

  /** Ends the content. @returns the handler's answer. */
  async finish(): Promise<Reply> {
    const handler = this.#handler;
    if (handler === null) throw this.#failure?.cause;
    // RFC 3030 §3: without BINARYMIME even content sent by BDAT consists of lines, so the last one ends too.
    if (this.#lastByte !== 10) await handler.write(crlf);
    this.#handler = null;
    return await handler.finish();
  }

  /** Drops the message; nothing when it is finished or dropped already. */
  abort(): void {
    const handler = this.#handler;
    this.#handler = null;
    handler?.abort();
  }

  /** The envelope that the content belongs to. */
  get transaction(): OpenTransaction {
    return this.#transaction;
  }
}
