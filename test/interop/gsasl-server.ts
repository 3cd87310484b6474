import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { createServer, type TLSSocket } from 'node:tls';
import { foreignLogin, type ForeignServer, type ForeignSettings } from './foreign-server.ts';

/** Result of GNU SASL from one exchange. */
interface Exchange extends AsyncDisposable {
  /** Answers what the client said; null when it refuses. */
  readonly step: (response: string) => Promise<string | null>;
}

const asksBinding = /Enter base64 encoded (\S+) channel binding: $/;
const answered = /([A-Za-z0-9+/=]{8,})\n+$/;

/**
 * A submission service, TLS from the start, whose logins are GNU SASL's: no mail server in Debian offers SCRAM with channel binding.
 * The mail around the logins is only as much as a client needs.
 */
export async function startGsaslServer(settings: ForeignSettings): Promise<ForeignServer> {
  const { address, ports, certificate } = settings;
  const said: string[] = [];
  const messages: string[] = [];
  const open = new Set<TLSSocket>();
  const server = createServer({ cert: certificate.certPem, key: certificate.keyPem }, (socket) => {
    open.add(socket);
    socket.on('error', (error) => said.push(String(error)));
    socket.once('close', () => open.delete(socket));
    serve(socket, said, messages).catch((error: unknown) => said.push(String(error)));
  });
  server.listen(ports.submissions, address);
  await once(server, 'listening');
  return {
    mailbox: () => Promise.resolve(messages),
    log: () => Promise.resolve(said.join('\n')),
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function serve(socket: TLSSocket, said: string[], messages: string[]): Promise<void> {
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('the client is gone');
    said.push(value);
    return value;
  };
  const send = (reply: string): void => void socket.write(`${reply}\r\n`);
  send('220 gsasl ready');
  for (;;) {
    const line = await next();
    const [command = '', argument = '', initial = ''] = line.split(' ');
    switch (command.toUpperCase()) {
      case 'EHLO':
        send('250-gsasl\r\n250 AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-1');
        break;
      case 'AUTH':
        send(await logIn(socket, argument, initial, { next, send }));
        break;
      case 'DATA':
        send('354 go on');
        messages.push(`${(await content(next)).join('\n')}\n`);
        send('250 have it');
        break;
      case 'QUIT':
        socket.end('221 bye\r\n');
        return;
      default:
        send('250 ok');
    }
  }
}

interface Dialogue {
  readonly next: () => Promise<string>;
  readonly send: (line: string) => void;
}

async function logIn(socket: TLSSocket, mechanism: string, initial: string, { next, send }: Dialogue): Promise<string> {
  const binding = socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
  await using exchange = startExchange(mechanism, binding);
  for (let response = initial; ; response = await next()) {
    const answer = await exchange.step(response);
    if (answer === null) return '535 5.7.8 no';
    send(`334 ${answer}`);
    // RFC 5802 §5.1: the server's signature ends it; the client acknowledges with an empty line.
    if (!Buffer.from(answer, 'base64').toString().startsWith('v=')) continue;
    return (await next()) === '' ? '235 2.7.0 welcome' : '501 5.5.2 not empty';
  }
}

async function content(next: () => Promise<string>): Promise<string[]> {
  const lines: string[] = [];
  for (let line = await next(); line !== '.'; line = await next()) lines.push(line.replace(/^\./, ''));
  return lines;
}

function startExchange(mechanism: string, binding: Buffer): Exchange {
  const { user, password } = foreignLogin;
  const login = ['--authentication-id', user, '--password', password];
  const child = spawn('gsasl', ['--server', '--quiet', '--mechanism', mechanism, ...login], { stdio: 'pipe' });
  const ended = once(child, 'close');
  let out = '';
  let onOutput: () => void = () => undefined;
  let hasEnded = false;
  child.stdin.on('error', () => undefined);
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    onOutput();
  });
  child.once('close', () => {
    hasEnded = true;
    onOutput();
  });
  return {
    step: (response) =>
      new Promise((resolve) => {
        out = '';
        child.stdin.write(`${response}\n`);
        onOutput = () => {
          const answer = answered.exec(out)?.[1];
          if (asksBinding.test(out)) {
            out = '';
            child.stdin.write(`${binding.toString('base64')}\n`);
          } else if (answer !== undefined && answer !== mechanism) resolve(answer);
          else if (hasEnded) resolve(null);
        };
      }),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
