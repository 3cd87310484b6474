import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '#testing/temp-dir';
import { godwit, startGodwit } from './program.ts';

type Json = Record<string, unknown>;

/** Members of responses that the test looks at. */
interface Answer {
  readonly list: readonly {
    readonly id: string;
    readonly role: string | null;
    readonly from: unknown;
    readonly bcc: unknown;
    readonly preview: string;
    readonly undoStatus: string;
    readonly deliveryStatus: Record<string, { readonly delivered: string; readonly smtpReply: string }>;
  }[];
  readonly created: Record<string, { readonly id: string; readonly undoStatus: string }>;
  readonly updated: Json;
  readonly notCreated: Json;
  readonly notUpdated: Record<string, { readonly type: string }>;
}

/** Returns what is there. */
function there<T>(value: T | undefined): T {
  return value ?? assert.fail();
}

/** A JMAP client over the network. */
class Client {
  readonly #origin: string;
  readonly #headers: Record<string, string>;
  readonly #account: string;

  private constructor(origin: string, headers: Record<string, string>, account: string) {
    [this.#origin, this.#headers, this.#account] = [origin, headers, account];
  }

  static async logIn(port: number, login: string, password: string): Promise<Client> {
    const headers = { Authorization: `Basic ${btoa(`${login}:${password}`)}`, 'Content-Type': 'application/json' };
    const origin = `http://127.0.0.1:${port}`;
    const session = (await (await fetch(`${origin}/.well-known/jmap`, { headers })).json()) as {
      readonly primaryAccounts: Record<string, string>;
    };
    return new Client(origin, headers, session.primaryAccounts['urn:ietf:params:jmap:submission'] ?? assert.fail());
  }

  /** Makes calls of one request. @returns the arguments of the responses. */
  async call(...calls: readonly (readonly [string, Json])[]): Promise<Answer[]> {
    const using = ['core', 'mail', 'submission'].map((name) => `urn:ietf:params:jmap:${name}`);
    const methodCalls = calls.map(([name, args], i) => [name, { accountId: this.#account, ...args }, String(i)]);
    const body = JSON.stringify({ using, methodCalls });
    const response = await fetch(`${this.#origin}/jmap/api`, { method: 'POST', headers: this.#headers, body });
    const { methodResponses } = (await response.json()) as { readonly methodResponses: [string, Answer, string][] };
    return methodResponses.map(([, args]) => args);
  }

  /** Calls `look` now, and whenever submissions have changed, until it returns something. */
  async until<T>(look: () => Promise<T | null>): Promise<T> {
    const leave = new AbortController();
    const url = `${this.#origin}/jmap/events?types=EmailSubmission&closeafter=no&ping=0`;
    const events = await fetch(url, { headers: this.#headers, signal: leave.signal });
    const reader = events.body?.getReader() ?? assert.fail();
    for (let seen = await look(); ; seen = await look()) {
      if (seen !== null) {
        leave.abort();
        return seen;
      }
      assert.equal((await reader.read()).done, false);
    }
  }

  /** Returns the ids of the first mailbox with each role. */
  async mailboxes(): Promise<Record<string, string>> {
    const [answer] = await this.call(['Mailbox/get', { ids: null }]);
    return Object.fromEntries(there(answer).list.map(({ id, role }) => [role ?? id, id]));
  }
}

test('JMAP: a draft is sent, watched, found in the mailbox of its recipient, and what waits is taken back', async () => {
  await using dir = await tempDir();
  const folder = join(dir.path, 'local');
  const first = await godwit(['localserve', '--dir', folder, '--ip', '127.0.0.1', '--init-only']);
  assert.equal(first.code, 0, first.errors);
  const file = join(folder, 'server.yaml');
  await writeFile(file, (await readFile(file, 'utf8')).replaceAll(/port: \d+/g, 'port: 0'));
  await using server = await startGodwit(['localserve', '--dir', folder], /Stop with Ctrl-C/);
  const port = Number(/^ +http +\S+:(\d+) /m.exec(server.greeting)?.[1]);
  const added = await godwit(['account', 'add', 'zoe', 'zoe@localhost', '--dir', folder]);
  const password =
    /^\S{12,}$/m.exec(added.output)?.[0] ?? /(\S{12,})\s*$/.exec(added.output)?.[1] ?? assert.fail(added.output);
  const sender = await Client.logIn(port, 'godwit@localhost', 'godwitgodwit');
  const { drafts = '', sent = '' } = await sender.mailboxes();
  const [identities, ...responses] = await sender.call(
    ['Identity/get', { ids: null }],
    [
      'Email/set',
      {
        create: {
          draft: {
            mailboxIds: { [drafts]: true },
            keywords: { $draft: true },
            from: [{ name: 'Godwit', email: 'godwit@localhost' }],
            to: [{ email: 'zoe@localhost' }],
            bcc: [{ email: 'queue451@example.net' }],
            subject: 'By JMAP',
            messageId: ['sent@e2e'],
            textBody: [{ partId: 't', type: 'text/plain' }],
            bodyValues: { t: { value: 'hello\n' } },
          },
        },
      },
    ],
  );
  const [{ id: identityId } = { id: '' }] = there(identities).list;
  const draft = there(there(responses[0]).created['draft']);
  const submit = async (more: Json): Promise<Answer[]> =>
    await sender.call([
      'EmailSubmission/set',
      {
        create: { s: { identityId, emailId: draft.id, ...more } },
        onSuccessUpdateEmail: { '#s': { 'keywords/$draft': null, mailboxIds: { [sent]: true } } },
      },
    ]);
  const [answer, updated] = await submit({});
  assert.deepEqual(updated?.updated, { [draft.id]: null });
  const submission = there(there(answer).created['s']);
  const status = await sender.until(async () => {
    const [got] = await sender.call(['EmailSubmission/get', { ids: [submission.id] }]);
    const [shown] = there(got).list;
    const replies = Object.values(shown?.deliveryStatus ?? {});
    return replies.every(({ smtpReply }) => !smtpReply.includes('waits in the queue')) ? (shown ?? null) : null;
  });
  assert.equal(status.undoStatus, 'final');
  assert.equal(status.deliveryStatus['zoe@localhost']?.delivered, 'yes');
  assert.match(status.deliveryStatus['zoe@localhost']?.smtpReply ?? '', /^250 2\.\d\.\d /);
  assert.equal(status.deliveryStatus['queue451@example.net']?.delivered, 'queued');
  assert.match(status.deliveryStatus['queue451@example.net']?.smtpReply ?? '', /^451 4\.0\.0 /);

  const recipient = await Client.logIn(port, 'zoe', password);
  const [, arrived] = await recipient.call(
    ['Email/query', { filter: { subject: 'By JMAP' } }],
    [
      'Email/get',
      { '#ids': { resultOf: '0', name: 'Email/query', path: '/ids' }, properties: ['from', 'bcc', 'preview'] },
    ],
  );
  const [email] = there(arrived).list;
  assert.deepEqual(
    [email?.from, email?.bcc, email?.preview],
    [[{ name: 'Godwit', email: 'godwit@localhost' }], null, 'hello'],
  );

  const why = async (): Promise<string> => (await godwit(['why', 'sent@e2e', '--dir', folder])).output;
  const story = await why();
  assert.match(
    story,
    / accepted from a user by jmap on 127\.0\.0\.1:\d+\n {6}client 127\.0\.0\.1, without TLS\n {6}logged in as godwit@localhost\n/,
  );
  assert.match(story, / {6}removed bcc\n/);

  const held = {
    mailFrom: { email: 'godwit@localhost', parameters: { HOLDFOR: '3600' } },
    rcptTo: [{ email: 'zoe@localhost' }],
  };
  const [later] = await submit({ envelope: held });
  const second = there(there(later).created['s']);
  assert.equal(second.undoStatus, 'pending');
  const undo = { update: { [second.id]: { undoStatus: 'canceled' }, [submission.id]: { undoStatus: 'canceled' } } };
  const [undone] = await sender.call(['EmailSubmission/set', undo]);
  assert.deepEqual(undone?.updated, { [second.id]: null });
  assert.equal(undone?.notUpdated[submission.id]?.type, 'cannotUnsend');
  assert.match(await why(), / taken back by its sender before it left \(zoe@localhost\)\n/);

  // What a development server does on purpose, it does here as well.
  const failing = { mailFrom: { email: 'godwit@localhost' }, rcptTo: [{ email: 'permerror@example.net' }] };
  const [refused] = await submit({ envelope: failing });
  assert.match(JSON.stringify(refused?.notCreated), /permanent failure asked for by the address/);
});
