import type { Channel } from '#ports/channel';

/** One line of a transcript. */
interface Line {
  readonly number: number;
  readonly kind: 'send' | 'expect' | 'close' | 'startTls' | 'closed';
  readonly connection: string;
  readonly text: string;
}

/** Options of playing a transcript. */
export interface PlayOptions {
  /** Opens a connection of that name (`''` for plain `C:` and `S:`) on its first use. */
  open(connection: string): Promise<Channel>;
  /** Sends each line one byte at a time. */
  readonly byteAtATime?: boolean;
  /** Replaces `{name}` in sent and expected lines. */
  readonly variables?: Readonly<Record<string, string>>;
  /** A line that the server may send at any time; skipped where it is not what is expected. */
  readonly optional?: string;
  /** Called for lines `X: word …`, which are for the test itself, such as `X: timeout`. */
  command?(words: readonly string[]): Promise<void>;
}

/** A server that says nothing for so long has failed: better an error with a line number than a test that hangs. */
const readTimeoutMs = 5000;
const encoder = new TextEncoder();

/**
 * Plays a transcript against a server, and throws at the first line that is not as written.
 * `C: text` sends a line with CRLF; `C1:` on connection 1; `C| text` sends text without line end; `\r \n \t \0 \\ \xHH` are escapes in both.
 * `C* n text` sends the line n times. `C! close` ends the connection; `C! starttls` makes the handshake.
 * `S: expected` reads one line: `…` (or `...`) stands for anything; a code such as `5xx` or `250` then an enhanced code must begin the line, and text
 * after it must match; `S: 250-*` skips all continuation lines; `S! closed` expects the end of the connection. `#` begins a comment line.
 */
export async function play(transcript: string, options: PlayOptions): Promise<void> {
  const players = new Map<string, Player>();
  try {
    for (const [index, raw] of transcript.split('\n').entries()) {
      const number = index + 1;
      const external = /^X: (.*)$/.exec(raw);
      if (external !== null) {
        await options.command?.(String(external[1]).split(' '));
        continue;
      }
      const lines = parseLine(raw, number);
      for (const line of lines) {
        let player = players.get(line.connection);
        if (player === undefined) {
          player = new Player(await options.open(line.connection), options);
          players.set(line.connection, player);
        }
        await playLine(player, line);
      }
    }
  } finally {
    for (const player of players.values()) await player.close();
  }
}

async function playLine(player: Player, line: Line): Promise<void> {
  try {
    await player.play(line);
  } catch (error) {
    throw new Error(`transcript line ${line.number}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

function parseLine(raw: string, number: number): Line[] {
  if (raw.trim() === '' || raw.startsWith('#')) return [];
  const match = /^([CS])([0-9]*)([:|!*]) ?(.*)$/.exec(raw);
  if (match === null) throw new Error(`transcript line ${number} is neither C: nor S:: ${raw}`);
  const [, side = '', connection = '', mark = '', text = ''] = match;
  if (mark === '!') {
    const kind = side === 'S' ? 'closed' : text === 'starttls' ? 'startTls' : 'close';
    return [{ number, kind, connection, text }];
  }
  if (side === 'S') return [{ number, kind: 'expect', connection, text }];
  if (mark === '*') {
    const repeat = /^([0-9]+) (.*)$/.exec(text);
    if (repeat === null) throw new Error(`transcript line ${number}: C* needs a count and a line`);
    const line = `${repeat[2]}\\r\\n`;
    return [{ number, kind: 'send', connection, text: line.repeat(Number(repeat[1])) }];
  }
  return [{ number, kind: 'send', connection, text: mark === '|' ? text : `${text}\\r\\n` }];
}

class Player {
  readonly #channel: Channel;
  readonly #options: PlayOptions;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(channel: Channel, options: PlayOptions) {
    this.#channel = channel;
    this.#options = options;
  }

  async play(line: Line): Promise<void> {
    switch (line.kind) {
      case 'send':
        return await this.#send(unescape(this.#fill(line.text)));
      case 'expect':
        return await this.#expect(line);
      case 'startTls':
        await this.#channel.startTls({ serverName: 'localhost', verify: 'report' });
        return;
      case 'close':
        return await this.#channel.close();
      case 'closed': {
        const got = await this.#readLine();
        if (got !== null) throw new Error(`expected the connection to be closed, got ${JSON.stringify(got)}`);
      }
    }
  }

  async close(): Promise<void> {
    await this.#channel.close();
  }

  async #send(bytes: Uint8Array): Promise<void> {
    const step = this.#options.byteAtATime === true ? 1 : bytes.length;
    for (let at = 0; at < bytes.length; at += step) await this.#channel.write(bytes.subarray(at, at + step));
  }

  async #expect(line: Line): Promise<void> {
    const want = this.#fill(line.text);
    for (;;) {
      const got = await this.#readLine();
      if (got === null) throw new Error(`expected ${want}, but the connection ended`);
      const continuation = /^([0-9]{3})-\*$/.exec(want);
      if (continuation !== null) {
        if (got.startsWith(`${continuation[1]}-`)) continue;
        this.#unread(got);
        return;
      }
      if (matches(got, want)) return;
      if (got !== this.#options.optional)
        throw new Error(`expected ${JSON.stringify(want)}, got ${JSON.stringify(got)}`);
    }
  }

  #fill(text: string): string {
    const { variables } = this.#options;
    if (variables === undefined) return text;
    return text.replace(/\{([a-zA-Z]+)\}/g, (whole, name: string) => variables[name] ?? whole);
  }

  #unread(line: string): void {
    const bytes = encoder.encode(`${line}\r\n`);
    const joined = new Uint8Array(bytes.length + this.#rest.length);
    joined.set(bytes);
    joined.set(this.#rest, bytes.length);
    this.#rest = joined;
  }

  /** The next line without its line end; null at the end of the connection. */
  async #readLine(): Promise<string | null> {
    // Channels in memory have no time limits of their own.
    const guard = setTimeout(() => this.#channel.destroy(), readTimeoutMs);
    try {
      return await this.#nextLine();
    } finally {
      clearTimeout(guard);
    }
  }

  async #nextLine(): Promise<string | null> {
    for (;;) {
      const end = this.#rest.indexOf(10);
      if (end >= 0) {
        const line = new TextDecoder().decode(this.#rest.subarray(0, this.#rest[end - 1] === 13 ? end - 1 : end));
        this.#rest = this.#rest.subarray(end + 1);
        return line;
      }
      const chunk = await this.#channel.read(readTimeoutMs);
      if (chunk === null) return null;
      const joined = new Uint8Array(this.#rest.length + chunk.length);
      joined.set(this.#rest);
      joined.set(chunk, this.#rest.length);
      this.#rest = joined;
    }
  }
}

/** Reports whether `got` is what a line of a transcript expects. `250 2.1.5` alone matches any text after it; `5xx` any code of its class. */
function matches(got: string, want: string): boolean {
  const pattern = want.replaceAll('...', '…');
  const onlyCodes = /^([0-9x]{3})([ -]?)([245]\.[0-9]+\.[0-9]+)?$/.test(pattern);
  const source = pattern
    .split('…')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  const withClass = source.replace(/^([245])xx/, '$1[0-9][0-9]');
  const rest = !onlyCodes ? '' : /[ -]$/.test(pattern) ? '.*' : '(?:[ -].*)?';
  return new RegExp(`^${withClass}${rest}$`, 's').test(got);
}

/** Resolves escapes; other text becomes UTF-8. */
function unescape(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const [part] of text.matchAll(/\\x[0-9a-fA-F]{2}|\\[rnt0\\]|[^\\]+|\\/g)) {
    const short = escapes[part];
    if (short !== undefined) bytes.push(short);
    else if (part.startsWith('\\x')) bytes.push(Number.parseInt(part.slice(2), 16));
    else for (const b of encoder.encode(part)) bytes.push(b);
  }
  return Uint8Array.from(bytes);
}

const escapes: Readonly<Record<string, number>> = { '\\r': 13, '\\n': 10, '\\t': 9, '\\0': 0, '\\\\': 92 };
