import { addressOf, password } from '../peers/peer.ts';

const using = ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail'];

/** A JMAP client that measures its requests, from the first byte sent to the last byte read and parsed. */
export class JmapLoadClient {
  readonly accountId: string;
  /** Id of the large mailbox. */
  readonly mailbox: string;
  readonly #base: string;

  private constructor(base: string, accountId: string, mailbox: string) {
    this.#base = base;
    this.accountId = accountId;
    this.mailbox = mailbox;
  }

  /** Logs in to the account with the large mailbox. */
  static async login(httpPort: number): Promise<JmapLoadClient> {
    const base = `http://127.0.0.1:${httpPort}`;
    const response = await fetch(`${base}/.well-known/jmap`, { headers: authorization });
    const session = (await response.json()) as { readonly primaryAccounts: Readonly<Record<string, string>> };
    const accountId = session.primaryAccounts['urn:ietf:params:jmap:mail'] ?? '';
    const found = await new JmapLoadClient(base, accountId, '').request([['Mailbox/get', { accountId }, '0']]);
    const [[, { list }]] = found as [[string, { readonly list: readonly ListedMailbox[] }]];
    return new JmapLoadClient(base, accountId, list.find(({ name }) => name === 'big')?.id ?? '');
  }

  /** Sends a request. @returns the method responses. @throws Error when one of them is an error. */
  async request(methodCalls: readonly unknown[]): Promise<readonly (readonly [string, unknown])[]> {
    const response = await fetch(`${this.#base}/jmap/api`, {
      method: 'POST',
      headers: { ...authorization, 'Content-Type': 'application/json' },
      body: JSON.stringify({ using, methodCalls }),
    });
    const { methodResponses } = (await response.json()) as { readonly methodResponses: readonly [string, unknown][] };
    for (const [name, result] of methodResponses)
      if (name === 'error') throw new Error(`JMAP: ${JSON.stringify(result)}`);
    return methodResponses;
  }

  /** Sends a request. @returns the milliseconds that it took. */
  async timed(methodCalls: readonly unknown[]): Promise<number> {
    const began = performance.now();
    await this.request(methodCalls);
    return performance.now() - began;
  }
}

interface ListedMailbox {
  readonly id: string;
  readonly name: string;
}

const authorization = { Authorization: `Basic ${btoa(`${addressOf(0)}:${password}`)}` };
