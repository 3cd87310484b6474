import { once } from 'node:events';
import { Notes, onAll, type Attack, type Extent } from './attack.ts';
import { account, type HostilePorts } from './hostile-server.ts';
import { dial, logIn } from './line-socket.ts';

const basic = `Basic ${btoa(`${account.login}:${account.password}`)}`;
/** Below the limit on a request's size, so that what is in it must be looked at. */
const maxBytes = 9_900_000;
const mail = ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail'];
/** Every name creates a mailbox below the next one, and the last below the first. */
const cycle = Object.fromEntries(
  Array.from({ length: 1000 }, (_, i) => [`m${i}`, { name: `m${i}`, parentId: `#m${(i + 1) % 1000}` }]),
);
const email = { accountId: 'A1', properties: ['id'] };
const references = { '#ids': { resultOf: '0', name: 'Email/query', path: '/ids' } };

/** The attacks of strangers and users over HTTP. */
export const httpAttacks: readonly Attack[] = [
  jmap('nested arrays', () => '['.repeat(maxBytes), '400 maxDepth'),
  jmap(
    'many values',
    () => calls(['Core/echo', { a: Array.from({ length: maxBytes / 3 }, () => 1) }]),
    '400 maxValues',
  ),
  jmap('many names', () => calls(['Core/echo', { a: manyNames(600_000) }]), '400 maxMembers'),
  jmap('no text', () => `{"using":[],"methodCalls":"${'\uD800'.repeat(3_000_000)}`, '400 notJSON'),
  jmap('a million result references', () => calls(['Core/echo', manyReferences(1_000_000 / 8)]), '400 maxMembers'),
  jmap('result references in many calls', () => calls(...manyCalls(64)), 'Email/query'),
  jmap('responses that references double', () => calls(...doubling(40)), 'invalidResultReference'),
  jmap(
    'a filter of 100,000 nodes',
    () => calls(['Email/query', { accountId: 'A1', filter: wide(100_000) }]),
    '400 maxMembers',
  ),
  {
    ...jmap('filters that look into each message', () => calls(...textQueries(5)), 'Email/query'),
    prepare: (ports) => store(ports, 3_000_000),
  },
  jmap('creation ids in a circle', () => calls(['Mailbox/set', { accountId: 'A1', create: cycle }]), 'Mailbox/set'),
  {
    name: 'http: headers without an end',
    full: { connections: 500, rounds: 20 },
    short: { connections: 60, rounds: 1 },
    run: (ports, extent) =>
      onAll(extent, async (seen, at) => {
        const socket = await dial(ports.http, addressOf(at));
        if (socket === null) return;
        seen.connected();
        socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n');
        socket.write(`X-Field: ${'x'.repeat(1000)}\r\n`.repeat(1000));
        await seen.read(socket);
      }),
  },
  {
    name: 'http: uploads that never end',
    full: { connections: 300, rounds: 1, holdMs: 20_000 },
    short: { connections: 30, rounds: 1, holdMs: 500 },
    run: (ports, extent) => onAll(extent, async (seen, at) => await endlessUpload(ports, extent, seen, at)),
  },
  {
    name: 'http: downloads that nobody reads',
    full: { connections: 60, rounds: 5, holdMs: 2000 },
    short: { connections: 10, rounds: 1, holdMs: 300 },
    prepare: (ports) => store(ports, 12_000_000),
    run: (ports, extent) =>
      onAll(extent, async (seen, at) => {
        const socket = await dial(ports.http, addressOf(at));
        if (socket === null) return;
        seen.connected();
        socket.pause();
        const get = `GET /jmap/download/A1/B1/m.eml HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${basic}\r\n\r\n`;
        socket.write(get.repeat(50));
        await new Promise((resolve) => setTimeout(resolve, extent.holdMs));
        socket.destroy();
      }),
  },
  {
    name: 'http: wrong logins',
    full: { connections: 200, rounds: 50 },
    short: { connections: 40, rounds: 2 },
    run: (ports, extent) =>
      onAll(extent, async (seen, at) => {
        const socket = await dial(ports.http, `127.0.${220 + Math.floor(at / 250)}.${1 + (at % 250)}`);
        if (socket === null) return;
        seen.connected();
        const wrong = `Basic ${btoa(`${account.login}:wrong${at}`)}`;
        socket.write(
          `GET /.well-known/jmap HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${wrong}\r\nConnection: close\r\n\r\n`,
        );
        await seen.read(socket);
      }),
  },
];

/** A request of a user again and again; `expected` is what it is answered with: a status and its limit or type, or the name of a response. */
function jmap(name: string, body: () => string, expected: string): Attack {
  return {
    name: `jmap: ${name}`,
    full: { connections: 4, rounds: 1000 },
    short: { connections: 2, rounds: 1 },
    most: { [expected]: 64 },
    run: (ports, extent) => {
      const bytes = body();
      return onAll(extent, async (seen) => {
        const response = await fetch(`http://127.0.0.1:${ports.http}/jmap/api`, {
          method: 'POST',
          headers: { Authorization: basic, 'Content-Type': 'application/json', Connection: 'close' },
          body: bytes,
        }).catch(() => null);
        if (response === null) return;
        seen.connected();
        const answer = (await response.json()) as JmapAnswer;
        const { methodResponses, limit, type = '' } = answer;
        if (methodResponses === undefined) seen.said(`${response.status} ${limit ?? type.split(':').at(-1) ?? ''}`);
        else for (const [method, { type: error }] of methodResponses) seen.said(error ?? method);
      });
    },
  };
}

interface JmapAnswer {
  readonly methodResponses?: readonly (readonly [string, { readonly type?: string }, string])[];
  readonly type?: string;
  readonly limit?: string;
}

function calls(...methodCalls: readonly (readonly [string, unknown])[]): string {
  return JSON.stringify({ using: mail, methodCalls: methodCalls.map(([name, args], i) => [name, args, String(i)]) });
}

function manyNames(count: number): object {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`n${i}`, 1]));
}

function manyReferences(count: number): object {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`#${i}`, { resultOf: '0', name: 'a', path: '/*' }]),
  );
}

function manyCalls(count: number): [string, unknown][] {
  return Array.from({ length: count }, (_, i) =>
    i === 0 ? ['Email/query', { accountId: 'A1' }] : ['Email/get', { ...email, ...references }],
  );
}

/** Each call names all of the response before it twice. */
function doubling(levels: number): [string, unknown][] {
  return Array.from({ length: levels }, (_, i) => {
    const whole = { resultOf: String(i - 1), name: 'Core/echo', path: '' };
    return ['Core/echo', i === 0 ? { a: 'x'.repeat(900_000) } : { '#b': whole, '#c': whole }];
  });
}

function wide(count: number): object {
  return { operator: 'OR', conditions: Array.from({ length: count }, () => ({ text: 'not there' })) };
}

function textQueries(count: number): [string, unknown][] {
  return Array.from({ length: count }, () => ['Email/query', { accountId: 'A1', filter: wide(50) }]);
}

function addressOf(at: number): string {
  return `127.0.${1 + Math.floor(at / 250)}.${1 + (at % 250)}`;
}

/** Sends a few bytes of an upload at a time. */
async function endlessUpload({ http }: HostilePorts, { holdMs = 0 }: Extent, seen: Notes, at: number): Promise<void> {
  const socket = await dial(http, addressOf(at));
  if (socket === null) return;
  seen.connected();
  socket.write(
    `POST /jmap/upload/A1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${basic}\r\nContent-Length: 40000000\r\n\r\n`,
  );
  const timer = setInterval(() => socket.write('x'), 50);
  const end = setTimeout(() => socket.destroy(), holdMs);
  socket.resume();
  await once(socket, 'close');
  clearInterval(timer);
  clearTimeout(end);
}

/** Puts one message of so many bytes into the mailbox. */
async function store(ports: HostilePorts, bytes: number): Promise<void> {
  using client = await logIn(ports.imap, account);
  const text = `Subject: large\r\n\r\n${`${'x'.repeat(76)}\r\n`.repeat(Math.ceil(bytes / 78))}`;
  const answer = await client.ask(`f APPEND INBOX {${text.length}+}\r\n${text}\r\n`, /^(f |\* BYE)/);
  if (answer?.startsWith('f OK') !== true) throw new Error(`APPEND: ${answer}`);
}
