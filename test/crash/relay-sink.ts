import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A host that takes mail in and remembers it: what it takes counts from its end on, though it may say so only a little later. */
export class RelaySink implements AsyncDisposable {
  /** Number of copies that each recipient got of each Message-ID, as `ID recipient`. */
  readonly copies = new Map<string, number>();
  /** Messages that were not as they were submitted. */
  readonly complaints: string[] = [];
  readonly #random: () => number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(random: () => number) {
    this.#random = random;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /** Listens on a port that the system chooses. */
  static async listen(random: () => number): Promise<RelaySink> {
    const sink = new RelaySink(random);
    await new Promise<void>((resolve) => sink.#server.listen(0, '127.0.0.1', resolve));
    return sink;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setEncoding('latin1');
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    void this.#talk(socket).catch(() => undefined);
  }

  async #talk(socket: Socket): Promise<void> {
    socket.write('220 sink.example ESMTP\r\n');
    let recipients: string[] = [];
    let [rest, content] = ['', ''];
    let isContent = false;
    for await (const chunk of socket as AsyncIterable<string>) {
      rest += chunk;
      for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (isContent && line !== '.') content += `${line}\r\n`;
        else if (isContent) {
          isContent = false;
          this.#take(content, recipients);
          content = '';
          // The client may be killed before the reply arrives.
          await sleep(this.#random() * 15);
          socket.write('250 2.0.0 taken\r\n');
        } else {
          const recipient = /^RCPT TO:<([^>]*)>/.exec(line)?.[1];
          if (line.startsWith('MAIL ')) recipients = [];
          if (recipient !== undefined && !recipient.startsWith('no')) recipients.push(recipient);
          isContent = line === 'DATA' && recipients.length > 0;
          socket.write(answerTo(line, recipient, isContent));
          if (line === 'QUIT') socket.end();
        }
      }
    }
  }

  #take(content: string, recipients: readonly string[]): void {
    const id = /^Message-ID: <([^>]*)>\r$/m.exec(content)?.[1] ?? '';
    if (!content.endsWith(`end of ${id}\r\n`)) this.complaints.push(`${id} is not whole`);
    for (const recipient of recipients) {
      const key = `${id} ${recipient}`;
      this.copies.set(key, (this.copies.get(key) ?? 0) + 1);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function answerTo(line: string, recipient: string | undefined, isContent: boolean): string {
  if (line.startsWith('EHLO ')) return '250-sink.example\r\n250-PIPELINING\r\n250 SIZE\r\n';
  if (line === 'DATA') return isContent ? '354 go on\r\n' : '503 5.5.1 for whom?\r\n';
  if (line === 'QUIT') return '221 2.0.0 bye\r\n';
  return recipient?.startsWith('no') === true ? '550 5.1.1 no such mailbox\r\n' : '250 2.0.0 ok\r\n';
}
