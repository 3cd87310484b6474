import { onAll, type Attack, type Extent, type Seen } from './attack.ts';
import { account, type HostilePorts } from './hostile-server.ts';
import { httpAttacks } from './http-attacks.ts';
import { dial, logIn } from './line-socket.ts';

/** The attacks of strangers and users that the server must bear. */
export const attacks: readonly Attack[] = [
  flood('imap CAPABILITY', 'imap', 'a CAPABILITY\r\n', { OK: 51, CAPABILITY: 50, BYE: 1 }),
  flood('imap ID', 'imap', 'a ID ("name" "flood")\r\n', { OK: 51, ID: 50, BYE: 1 }),
  flood('imap NOOP', 'imap', 'a NOOP\r\n', { OK: 51, BYE: 1 }),
  flood('smtp NOOP', 'smtp', 'NOOP\r\n', { 220: 1, 250: 100, 421: 1 }),
  flood('smtp BDAT', 'smtp', 'BDAT 1\r\nx', { 220: 1, 503: 19, 421: 1 }),
  flood(
    'smtp BDAT of a message',
    'smtp',
    'BDAT 1\r\nx',
    { 220: 1, 250: 520, 421: 1 },
    { before: 'EHLO localhost\r\nMAIL FROM:<>\r\nRCPT TO:<godwit@localhost>\r\n', shortRounds: 1 },
  ),
  {
    name: 'half a TLS handshake',
    full: { connections: 10_000, rounds: 1, holdMs: 60_000 },
    short: { connections: 300, rounds: 1, holdMs: 1500 },
    run: halfHandshakes,
  },
  {
    name: 'wrong logins',
    full: { connections: 280, rounds: 20 },
    short: { connections: 60, rounds: 1 },
    run: wrongLogins,
  },
  logged('LIST of stars', {
    line: `x LIST "${'*'.repeat(60_000)}" (${Array.from({ length: 20 }, () => '*').join(' ')})\r\n`,
  }),
  logged('1,000 searches of 900 keys', {
    line: `x SEARCH ${Array.from({ length: 450 }, (_, i) => `OR SENTSINCE 1-Jan-2000 LARGER ${i}`).join(' ')} ALL\r\n`.repeat(
      1000,
    ),
    prepared: { messages: 20, headerBytes: 0 },
  }),
  logged('SEARCH in headers of 4 MB', {
    line: 'x SEARCH SUBJECT nothing\r\n',
    prepared: { messages: 30, headerBytes: 4_000_000 },
  }),
  {
    ...logged('FETCH BINARY without reading', {
      line: 'x FETCH 1:* (BINARY.PEEK[1] BINARY.PEEK[1]<0.1>)\r\n'.repeat(20),
      prepared: { messages: 1, headerBytes: 0, bodyBytes: 12_000_000 },
      isDeaf: true,
    }),
    full: { connections: 20, rounds: 1 },
  },
  ...httpAttacks,
];

/** Commands sent ahead on many connections before any login, as much as each takes. */
function flood(
  name: string,
  service: 'imap' | 'smtp',
  command: string,
  most: Readonly<Record<string, number>>,
  { before = '', shortRounds = 3 }: { readonly before?: string; readonly shortRounds?: number } = {},
): Attack {
  return {
    name: `flood of ${name}`,
    most,
    full: { connections: 40, rounds: 2000 },
    short: { connections: 40, rounds: shortRounds },
    run: (ports, extent) => {
      const block = before + command.repeat(20_000);
      return onAll(extent, async (seen, at) => {
        const socket = await dial(ports[service], `127.0.1.${1 + (at % 250)}`);
        if (socket === null) return;
        seen.connected();
        socket.write(block);
        // Every other client does not read at first, which must not cost memory.
        if (at % 2 === 1) await new Promise((resolve) => setTimeout(resolve, 20));
        await seen.read(socket);
      });
    },
  };
}

async function halfHandshakes(ports: HostilePorts, extent: Extent): Promise<Seen> {
  const hello = Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, ...Array.from({ length: 200 }, () => 7)]);
  return onAll(extent, async (seen, at) => {
    const socket = await dial(ports.imaps, `127.0.${2 + Math.floor(at / 250)}.${1 + (at % 250)}`);
    if (socket === null) return;
    seen.connected();
    socket.write(hello);
    const timer = setTimeout(() => socket.destroy(), extent.holdMs);
    await seen.read(socket);
    clearTimeout(timer);
  });
}

async function wrongLogins(ports: HostilePorts, extent: Extent): Promise<Seen> {
  return onAll(extent, async (seen, at) => {
    const socket = await dial(ports.imap, `127.0.${200 + Math.floor(at / 250)}.${1 + (at % 250)}`);
    if (socket === null) return;
    seen.connected();
    socket.write('a LOGIN godwit@localhost wrong\r\nb LOGOUT\r\n');
    await seen.read(socket);
  });
}

interface LoggedIn {
  readonly line: string;
  readonly prepared?: { readonly messages: number; readonly headerBytes: number; readonly bodyBytes?: number };
  /** Nothing is read until the end. */
  readonly isDeaf?: boolean;
}

/** Commands of a user that cost much. */
function logged(name: string, { line, prepared, isDeaf = false }: LoggedIn): Attack {
  return {
    name,
    full: { connections: 4, rounds: 5 },
    short: { connections: 2, rounds: 1 },
    ...(prepared !== undefined && { prepare: (ports, extent) => fill(ports, prepared, extent) }),
    run: (ports, extent) =>
      onAll(extent, async (seen) => {
        using client = await logIn(ports.imap, account);
        seen.connected();
        await client.ask('s EXAMINE INBOX\r\n', /^s /);
        if (isDeaf) {
          client.socket.pause();
          client.socket.write(line);
          await new Promise((resolve) => setTimeout(resolve, 2000));
          return;
        }
        const count = line.split('\r\n').length - 1;
        client.socket.write(line);
        for (let i = 0; i < count && !extent.signal.aborted; i += 1) {
          const answer = await client.ask('', /^x /);
          if (answer === null) return;
          seen.answered(answer);
        }
      }),
  };
}

/** Puts messages into the mailbox, fewer of them for a short attack. */
async function fill(
  ports: HostilePorts,
  { messages, headerBytes, bodyBytes = 10 }: NonNullable<LoggedIn['prepared']>,
  { rounds }: Extent,
): Promise<void> {
  using client = await logIn(ports.imap, account);
  const field = `X-Long: ${'y'.repeat(70)}\r\n`;
  const header = `Content-Transfer-Encoding: base64\r\n${field.repeat(Math.ceil(headerBytes / field.length))}`;
  const text = `Subject: a message\r\n${header}\r\n${`${'QUFB'.repeat(18)}\r\n`.repeat(Math.ceil(bodyBytes / 74))}`;
  for (let i = 0; i < (rounds === 1 ? Math.min(messages, 3) : messages); i += 1) {
    const answer = await client.ask(`f APPEND INBOX {${text.length}+}\r\n${text}\r\n`, /^(f |\* BYE)/);
    if (answer?.startsWith('f OK') !== true) throw new Error(`APPEND: ${answer}`);
  }
}
