import { describeViolation } from '#lib/receivers';
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
 * Content of one message on its way to the handler. Counts and checks it, and keeps the first failure until the content has been read
 * to its end, because the reply comes after the end of the content (RFC 5321 §4.1.1.4).
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

  /**
   * Passes content to the handler. Keeps exceptions of the handler for `check`. Null when there is nothing to wait for.
   * @throws Refusal that disconnects when reading on is pointless.
   */
  write(chunk: Uint8Array): Promise<void> | null {
    const { limits } = this.#context;
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes > limits.maxMessageBytes) this.tooLarge();
    if (!this.#mayHave8Bit && chunk.some((b) => b > 127)) {
      // RFC 6152 §3: without BODY=8BITMIME the content must be 7-bit.
      this.fail(new Refusal(500, '5.6.1', 'message has 8-bit content, but BODY=8BITMIME was not given'));
    }
    if (this.#handler === null) return null;
    this.#lastByte = chunk[chunk.length - 1] ?? this.#lastByte;
    try {
      return this.#handler.write(chunk)?.catch((error: unknown) => this.fail(error)) ?? null;
    } catch (error) {
      this.fail(error);
      return null;
    }
  }

  /**
   * Refuses the message for its size, with 552 after its end (RFC 1870 §4).
   *
   * deviates: RFC 5321 §3.8 says that a server MUST NOT close the connection here. Past twice the limit reading to the end only wastes bandwidth.
   */
  tooLarge(): void {
    const { maxMessageBytes } = this.#context.limits;
    const refusal = { code: 552, enhanced: '5.3.4', text: `message larger than ${maxMessageBytes} bytes` };
    this.fail(new Refusal(refusal.code, refusal.enhanced, refusal.text));
    if (this.#sizeBytes > 2 * maxMessageBytes) {
      throw new Refusal(refusal.code, refusal.enhanced, refusal.text, { close: true });
    }
  }

  /** Checks the time that the whole content has taken. @throws Refusal past the limit. */
  checkTime(): void {
    if (this.#context.clock.monotonic() <= this.#deadline) return;
    const minutes = Math.round(this.#context.limits.dataTimeoutMs / 60_000);
    throw new Refusal(421, '4.4.2', `message took too long: the limit is ${minutes} minutes`);
  }

  /** Keeps the first failure and aborts the handler at once. */
  fail(cause: unknown): void {
    this.#failure ??= { cause };
    this.abort();
  }

  /** Checks a complete chunk or message. @throws Refusal for bad line ends, or the failure that was kept. */
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
      this.#context.options.pedantic ? describeViolation({ rule: problem, detail: text }) : text,
    );
  }

  /** Ends the content. @returns the handler's reply. @throws the failure that was kept. */
  async finish(): Promise<Reply> {
    const handler = this.#handler;
    if (handler === null) throw this.#failure?.cause;
    // RFC 3030 §3: without BINARYMIME even content sent by BDAT consists of lines, so the last one ends too.
    if (this.#lastByte !== 10) await handler.write(crlf);
    this.#handler = null;
    return await handler.finish();
  }

  /** Drops the message; does nothing when it is finished or dropped already. */
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
