import { Disconnected, LineClient } from './line-client.ts';

/** A numbered message: how often it was sent, and what was said about it. */
export interface Parcel {
  readonly number: number;
  readonly text: string;
  /** Bytes as they must be found, at the end of what is stored. */
  sent: number;
  acknowledged: number;
  /** UID that the server named, null when it named none. */
  uid: number | null;
  readonly isAppended: boolean;
  readonly isFlagged: boolean;
}

/** Credentials of the account that `localserve` makes. */
const login = 'LOGIN godwit@localhost godwitgodwit';

/** Sends parcels until the connection breaks or `isOver`; what the last run left unanswered goes first. */
export class Load {
  readonly parcels: Parcel[] = [];
  readonly #retries: Parcel[] = [];
  /** Answers that should not have been. */
  readonly complaints: string[] = [];

  /** Delivers over one SMTP connection; never rejects for a lost connection. */
  async smtp(port: number): Promise<void> {
    await this.#untilLost(port, async (client) => {
      await client.line();
      client.send('EHLO client.example.org\r\n');
      while ((await client.line()).startsWith('250-'));
      for (;;) {
        const parcel = this.#next(false);
        client.send('MAIL FROM:<sender@example.org>\r\nRCPT TO:<godwit@localhost>\r\nDATA\r\n');
        await this.#expect(client, '250');
        await this.#expect(client, '250');
        await this.#expect(client, '354');
        parcel.sent += 1;
        client.send(`${parcel.text}.\r\n`);
        await this.#expect(client, '250');
        this.#done(parcel);
      }
    });
  }

  /** Appends over one IMAP connection; never rejects for a lost connection. */
  async imap(port: number): Promise<void> {
    await this.#untilLost(port, async (client) => {
      await client.line();
      client.send(`a ${login}\r\n`);
      await this.#tagged(client);
      for (;;) {
        const parcel = this.#next(true);
        const flags = parcel.isFlagged ? ' (\\Flagged $parcel)' : '';
        client.send(`a APPEND INBOX${flags} {${parcel.text.length}}\r\n`);
        await this.#expect(client, '+');
        parcel.sent += 1;
        client.send(`${parcel.text}\r\n`);
        const answer = await this.#tagged(client);
        parcel.uid = Number(/\[APPENDUID \d+ (\d+)\]/.exec(answer)?.[1]);
        this.#done(parcel);
      }
    });
  }

  /** Sends unanswered messages again, as a client would. */
  retryUnanswered(): void {
    this.#retries.length = 0;
    this.#retries.push(...this.parcels.filter(({ acknowledged }) => acknowledged === 0));
  }

  #next(isAppended: boolean): Parcel {
    const at = this.#retries.findIndex((parcel) => parcel.isAppended === isAppended);
    const [again] = at < 0 ? [] : this.#retries.splice(at, 1);
    if (again !== undefined) return again;
    const number = this.parcels.length;
    // Every seventh is too large for the database, and becomes a file.
    const lines = number % 7 === 3 ? 1500 : 10 + (number % 50);
    const body = Array.from({ length: lines }, (_, i) => `parcel ${number} line ${i} ${'z'.repeat(50)}\r\n`).join('');
    const parcel: Parcel = {
      number,
      text: `From: <sender@example.org>\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: <parcel-${number}@example.org>\r\nSubject: parcel ${number}\r\n\r\n${body}end of ${number}\r\n`,
      sent: 0,
      acknowledged: 0,
      uid: null,
      isAppended,
      isFlagged: number % 2 === 0,
    };
    this.parcels.push(parcel);
    return parcel;
  }

  #done(parcel: Parcel): void {
    parcel.acknowledged += 1;
  }

  async #expect(client: LineClient, begin: string): Promise<void> {
    const line = await client.line();
    if (line.startsWith(begin)) return;
    this.complaints.push(`expected ${begin}, got ${line}`);
    throw new Disconnected(line);
  }

  async #tagged(client: LineClient): Promise<string> {
    for (;;) {
      const line = await client.line();
      if (!line.startsWith('a ')) continue;
      if (!line.startsWith('a OK')) this.complaints.push(line);
      return line;
    }
  }

  async #untilLost(port: number, talk: (client: LineClient) => Promise<void>): Promise<void> {
    using client = await LineClient.connect(port);
    try {
      await talk(client);
    } catch (error) {
      if (!(error instanceof Disconnected)) throw error;
    }
  }
}

/** A message as it is found after a crash. */
export interface FoundParcel {
  readonly uid: number;
  readonly flags: string;
  readonly text: string;
}

/** Reads the whole INBOX over IMAP. */
export async function readInbox(port: number): Promise<FoundParcel[]> {
  using client = await LineClient.connect(port);
  await client.line();
  client.send(`a ${login}\r\nb EXAMINE INBOX\r\nc UID FETCH 1:* (FLAGS BODY.PEEK[])\r\n`);
  const found: FoundParcel[] = [];
  for (;;) {
    const line = await client.line();
    if (/^[abc] (NO|BAD)/.test(line)) throw new Error(line);
    if (line.startsWith('c OK')) return found;
    const literal = /FETCH .*\{(\d+)\}$/.exec(line);
    if (literal === null) continue;
    const text = await client.bytes(Number(literal[1]));
    const head = line + (await client.line());
    found.push({ uid: Number(/UID (\d+)/.exec(head)?.[1]), flags: /FLAGS \(([^)]*)\)/.exec(head)?.[1] ?? '', text });
  }
}

/** Compares what is stored with what was acknowledged. @returns what is wrong. */
export function compare(parcels: readonly Parcel[], found: readonly FoundParcel[]): string[] {
  const problems: string[] = [];
  const byNumber = Map.groupBy(found, ({ text }) => Number(/^Subject: parcel (\d+)\r$/m.exec(text)?.[1] ?? -1));
  const byUid = new Map(found.map((message) => [message.uid, message]));
  for (const { number, text, sent, acknowledged, uid, isAppended, isFlagged } of parcels) {
    const copies = byNumber.get(number) ?? [];
    byNumber.delete(number);
    if (copies.length < acknowledged || copies.length > sent)
      problems.push(`parcel ${number}: sent ${sent} times, acknowledged ${acknowledged}, found ${copies.length}`);
    for (const copy of copies) {
      if (isAppended ? copy.text !== text : !copy.text.endsWith(text)) problems.push(`parcel ${number} is not whole`);
      if (isAppended && isFlagged !== copy.flags.includes('\\Flagged $parcel'))
        problems.push(`parcel ${number} has the flags ${copy.flags}`);
    }
    if (acknowledged > 0 && uid !== null && byUid.get(uid)?.text !== text)
      problems.push(`parcel ${number} is not at UID ${uid}`);
  }
  for (const [number, others] of byNumber) problems.push(`${others.length} messages ${number} that nobody sent`);
  return problems;
}
