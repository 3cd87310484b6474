import { addressOf, password } from '../peers/peer.ts';
import { LineClient } from './line-client.ts';

/** Enough of an IMAP client to measure a server. */
export class ImapLoadClient {
  readonly #client: LineClient;
  #tags = 0;

  private constructor(client: LineClient) {
    this.#client = client;
  }

  /** Connects and logs in as one of the bench accounts. */
  static async login(port: number, account: number): Promise<ImapLoadClient> {
    const client = await LineClient.open(port);
    await client.line((line) => line.startsWith('* OK'));
    const imap = new ImapLoadClient(client);
    await imap.command(`LOGIN ${addressOf(account)} ${password}`);
    return imap;
  }

  /** Sends a command and waits for its OK. @throws on NO and BAD. */
  async command(text: string): Promise<string> {
    const tag = this.send(text);
    return this.done(tag);
  }

  /** As `command`, for large answers, which are not looked into. */
  async drain(text: string): Promise<void> {
    const tag = this.send(text);
    const line = await this.#client.last(`${tag} `);
    if (!line.startsWith(`${tag} OK`)) throw new Error(line);
  }

  /** Sends a command without waiting. @returns its tag. */
  send(text: string): string {
    const tag = `t${(this.#tags += 1)}`;
    this.#client.send(`${tag} ${text}\r\n`);
    return tag;
  }

  /** Waits for a command's completion. */
  async done(tag: string): Promise<string> {
    const line = await this.#client.line((text) => text.startsWith(`${tag} `));
    if (!line.startsWith(`${tag} OK`)) throw new Error(line);
    return line;
  }

  /** Appends messages with one command (RFC 3502), as non-synchronising literals (RFC 7888). */
  async append(mailbox: string, messages: readonly Uint8Array[]): Promise<void> {
    const tag = `t${(this.#tags += 1)}`;
    this.#client.send(`${tag} APPEND ${mailbox}`);
    for (const bytes of messages) {
      this.#client.send(` {${bytes.length}+}\r\n`);
      this.#client.send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    }
    this.#client.send('\r\n');
    await this.done(tag);
  }

  /** Appends one message with a synchronising literal, and its line end in a write of its own. */
  async appendInPieces(mailbox: string, bytes: Uint8Array): Promise<void> {
    const tag = this.send(`APPEND ${mailbox} {${bytes.length}}`);
    await this.#client.line((line) => line.startsWith('+'));
    this.#client.send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    this.#client.send('\r\n');
    await this.done(tag);
  }

  /** Turns Nagle's algorithm on. */
  delaySmallWrites(): void {
    this.#client.delaySmallWrites();
  }

  /** Waits for the next EXISTS. */
  async exists(): Promise<void> {
    await this.#client.line((line) => line.endsWith(' EXISTS'));
  }

  /** Number of messages in a mailbox. */
  async count(mailbox: string): Promise<number> {
    const tag = this.send(`STATUS ${mailbox} (MESSAGES)`);
    const line = await this.#client.line((text) => text.startsWith('* STATUS'));
    await this.done(tag);
    return Number(/MESSAGES (\d+)/.exec(line)?.[1] ?? 0);
  }

  /** Enters IDLE and waits for the continuation. */
  async idle(): Promise<void> {
    this.send('IDLE');
    await this.#client.line((line) => line.startsWith('+'));
  }

  /** Ends the connection. */
  close(): void {
    this.#client.close();
  }
}
