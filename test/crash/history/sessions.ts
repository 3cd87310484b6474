import { request } from 'node:http';
import type { JsonObject } from '#lib/jmap';
import type { JmapAnswer } from '#testing/jmap-client';
import { Disconnected, LineClient } from '../line-client.ts';

/** Credentials of the account that `localserve` makes. */
const login = { user: 'godwit@localhost', password: 'godwitgodwit' };

/** Answer of an IMAP server to one command. */
interface ImapAnswer {
  /** The tagged line, without the tag. */
  readonly tagged: string;
  readonly untagged: readonly string[];
}

/** An IMAP client that is logged in. */
export class ImapSession implements Disposable {
  readonly #client: LineClient;

  private constructor(client: LineClient) {
    this.#client = client;
  }

  /** Connects and logs in. @throws Disconnected. */
  static async open(port: number): Promise<ImapSession> {
    const client = await LineClient.connect(port);
    await client.line();
    const session = new ImapSession(client);
    await session.ok(`LOGIN ${login.user} ${login.password}`);
    return session;
  }

  /** Sends a command and reads its answer; `literal` follows it. @throws Error when it is BAD or a fault of the server, Disconnected. */
  async command(text: string, literal: string | null = null): Promise<ImapAnswer> {
    this.#client.send(literal === null ? `a ${text}\r\n` : `a ${text} {${literal.length}+}\r\n${literal}\r\n`);
    const untagged: string[] = [];
    for (;;) {
      const line = await this.#client.line();
      if (!line.startsWith('a ')) {
        untagged.push(line);
        continue;
      }
      if (/^a BAD|SERVERBUG/.test(line)) throw new Error(`${text}: ${line}`);
      return { tagged: line.slice(2), untagged };
    }
  }

  /** As `command`. @throws Error when the answer is not OK. */
  async ok(text: string, literal: string | null = null): Promise<ImapAnswer> {
    const answer = await this.command(text, literal);
    if (!answer.tagged.startsWith('OK')) throw new Error(`${text}: ${answer.tagged}`);
    return answer;
  }

  /** Returns the UIDs that match a search in the selected mailbox. */
  async search(criteria: string): Promise<string[]> {
    const { untagged } = await this.ok(`UID SEARCH ${criteria}`);
    return untagged
      .flatMap((line) => (/^\* SEARCH (.+)$/.exec(line)?.[1] ?? '').split(' '))
      .filter((uid) => uid !== '');
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }
}

/** A JMAP client over HTTP. */
export class JmapSession {
  readonly #port: number;
  readonly #accountId: string;

  private constructor(port: number, accountId: string) {
    this.#port = port;
    this.#accountId = accountId;
  }

  /** Reads the session object. @throws Disconnected. */
  static async open(port: number): Promise<JmapSession> {
    const { primaryAccounts } = (await exchange(port, '/.well-known/jmap')) as {
      readonly primaryAccounts: Readonly<Record<string, string>>;
    };
    return new JmapSession(port, primaryAccounts['urn:ietf:params:jmap:mail'] ?? '');
  }

  /** Calls one method. @returns its answer, which is that of an error when it has a `type`. @throws Error for faults of the server, Disconnected. */
  async call(method: string, args: JsonObject): Promise<JmapAnswer & Readonly<Record<string, unknown>>> {
    const call = [method, { accountId: this.#accountId, ...args }, 'c'];
    const using = ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail'];
    const { methodResponses } = (await exchange(
      this.#port,
      '/jmap/api',
      JSON.stringify({ using, methodCalls: [call] }),
    )) as {
      readonly methodResponses: readonly (readonly [string, JmapAnswer & Readonly<Record<string, unknown>>, string])[];
    };
    const [response] = methodResponses;
    if (response === undefined || response[1].type === 'serverFail')
      throw new Error(`${method} ${JSON.stringify(args)}: ${JSON.stringify(methodResponses)}`);
    return response[1];
  }

  /** Uploads a message. @returns its blob id. */
  async upload(text: string): Promise<string> {
    const { blobId } = (await exchange(this.#port, `/jmap/upload/${this.#accountId}`, text, 'message/rfc822')) as {
      readonly blobId: string;
    };
    return blobId;
  }
}

/** Makes one HTTP exchange. A response that does not arrive whole is no response. */
function exchange(port: number, path: string, body?: string, type = 'application/json'): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const lost = (): void => reject(new Disconnected(`${path}: the connection ended`));
  const sent = request(
    {
      host: '127.0.0.1',
      port,
      path,
      method: body === undefined ? 'GET' : 'POST',
      auth: `${login.user}:${login.password}`,
      headers: body === undefined ? {} : { 'Content-Type': type },
      agent: false,
    },
    (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('error', lost);
      response.on('end', () => {
        const status = response.statusCode ?? 0;
        if (!response.complete) lost();
        else if (status === 200 || status === 201) resolve(JSON.parse(text));
        else reject(new Error(`${path}: ${status} ${text}`));
      });
    },
  );
  sent.on('error', lost);
  sent.end(body);
  return promise;
}
