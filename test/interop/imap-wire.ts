/** A client that sends IMAP as it stands: other clients mend what they read. */
export class WireClient {
  readonly #read: () => Promise<Uint8Array | null>;
  readonly #write: (bytes: Uint8Array) => void;
  #text = '';
  #tag = 0;

  /** @param chunks  What the server says. */
  constructor(chunks: AsyncIterable<Uint8Array>, write: (bytes: Uint8Array) => void) {
    const iterator = chunks[Symbol.asyncIterator]();
    this.#read = async () => {
      const { value, done } = await iterator.next();
      return done === true ? null : value;
    };
    this.#write = write;
  }

  /** The greeting. */
  async greeting(): Promise<string> {
    return await this.#response();
  }

  /** Sends a command, whose octets are Latin-1 characters, and resolves to its responses with the tagged one last. @throws Error unless OK. */
  async command(text: string): Promise<string[]> {
    const tag = `t${++this.#tag}`;
    this.#write(Buffer.from(`${tag} ${text}\r\n`, 'latin1'));
    const responses: string[] = [];
    for (;;) {
      const response = await this.#response();
      responses.push(response);
      if (!response.startsWith(`${tag} `)) continue;
      if (!response.startsWith(`${tag} OK`)) throw new Error(`${text.slice(0, 100)}: ${response}`);
      return responses;
    }
  }

  /** Appends a message without waiting for leave (RFC 7888). */
  async append(mailbox: string, message: Uint8Array, brace: '{' | '~{' = '{'): Promise<void> {
    await this.command(`APPEND ${mailbox} ${brace}${message.length}+}\r\n${Buffer.from(message).toString('latin1')}`);
  }

  /** One response with its literals, without its last line break. */
  async #response(): Promise<string> {
    let end = 0;
    for (;;) {
      const lf = this.#text.indexOf('\r\n', end);
      if (lf >= 0) {
        const literal = /\{(\d+)\}$/.exec(this.#text.slice(Math.max(end, lf - 20), lf));
        if (literal === null) {
          const response = this.#text.slice(0, lf);
          this.#text = this.#text.slice(lf + 2);
          return response;
        }
        const after = lf + 2 + Number(literal[1]);
        if (this.#text.length >= after) {
          end = after;
          continue;
        }
      }
      const chunk = await this.#read();
      if (chunk === null) throw new Error(`connection ended after ${JSON.stringify(this.#text.slice(0, 200))}`);
      this.#text += Buffer.from(chunk).toString('latin1');
    }
  }
}
