import { Disconnected, LineClient } from './line-client.ts';

/** A message that was submitted once, for some recipients. */
export interface Submitted {
  /** Message-ID without brackets. */
  readonly id: string;
  readonly recipients: readonly string[];
  isAcknowledged: boolean;
}

/** Submits messages, each once; unanswered ones are not sent again. */
export class RelayLoad {
  readonly messages: Submitted[] = [];
  /** Answers that should not have been. */
  readonly complaints: string[] = [];

  /** Submits over one connection until it is lost or `most` are acknowledged; never rejects for a lost connection. */
  async submit(port: number, most: number): Promise<void> {
    using client = await LineClient.connect(port);
    try {
      await client.line();
      client.send('EHLO client.example.org\r\n');
      while ((await client.line()).startsWith('250-'));
      client.send(`AUTH PLAIN ${Buffer.from('\0godwit@localhost\0godwitgodwit').toString('base64')}\r\n`);
      await this.#expect(client, '235');
      for (let i = 0; i < most; i += 1) await this.#submitOne(client);
    } catch (error) {
      if (!(error instanceof Disconnected)) throw error;
    }
  }

  /** Number of acknowledged messages. */
  get acknowledged(): number {
    return this.messages.filter(({ isAcknowledged }) => isAcknowledged).length;
  }

  async #submitOne(client: LineClient): Promise<void> {
    const number = this.messages.length;
    const id = `relayed-${number}@example.org`;
    // Some recipients are refused by the host that they are at, some messages are too large for the database.
    const recipients = Array.from({ length: 1 + (number % 3) }, (_, i) => {
      return `${(number + i) % 5 === 4 ? 'no' : 'r'}${number}.${i}@far${i}.example`;
    });
    const message: Submitted = { id, recipients, isAcknowledged: false };
    this.messages.push(message);
    client.send(`MAIL FROM:<godwit@localhost>\r\n`);
    await this.#expect(client, '250');
    for (const recipient of recipients) {
      client.send(`RCPT TO:<${recipient}>\r\n`);
      await this.#expect(client, '250');
    }
    client.send('DATA\r\n');
    await this.#expect(client, '354');
    const lines = number % 9 === 5 ? 1500 : 5 + (number % 20);
    const body = Array.from({ length: lines }, (_, i) => `line ${i} ${'z'.repeat(50)}\r\n`).join('');
    client.send(`From: <godwit@localhost>\r\nMessage-ID: <${id}>\r\n\r\n${body}end of ${id}\r\n.\r\n`);
    await this.#expect(client, '250');
    message.isAcknowledged = true;
  }

  async #expect(client: LineClient, begin: string): Promise<void> {
    const line = await client.line();
    if (line.startsWith(begin)) return;
    this.complaints.push(`expected ${begin}, got ${line}`);
    throw new Disconnected(line);
  }
}
