import { systemRandom } from '#host/random';
import { SystemFlag } from '#lib/flags';
import { jmapLimits, type JsonObject } from '#lib/jmap';
import type { Identity } from '#lib/sasl';
import { ContentMemory } from '#mail/content';
import { PushSubscriptions } from '#mail/push-subscriptions';
import { defaultSettings } from '#mail/queue';
import { Stories } from '#mail/story';
import {
  jmapArea,
  JmapShared,
  pushLimits,
  WebPush,
  webPushLimits,
  type PushLimits,
  type SendingServices,
} from '#server/jmap';
import { FakeFetcher } from './fake-fetcher.ts';
import { testSending } from './jmap-sending.ts';
import { newMessage, type TempStore } from './temp-store.ts';

type Area = ReturnType<typeof jmapArea>;
type WebPushDeps = ConstructorParameters<typeof WebPush>[0];

/** A key for tests: that of the receiver in RFC 8291 §5. */
const vapidKey = {
  kty: 'EC',
  crv: 'P-256',
  x: 'JXGyvs3942BVGq8e0PTNNmwRzr5VX4m8t7GGpTM5FzE',
  y: 'aOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
  d: 'q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94',
} as const;

/** The connection of a client of tests. */
const client = {
  remote: { address: '192.0.2.7', port: 4000 },
  local: { address: '192.0.2.1', port: 443 },
  tls: null,
};

/** Members of responses that tests look at. */
export interface JmapAnswer {
  readonly type: string;
  readonly state: string;
  readonly ids: readonly string[];
  readonly list: readonly ListedObject[];
  readonly total: number;
  readonly notFound: readonly string[];
  readonly created: readonly string[];
  readonly updated: readonly string[] | JsonObject;
  readonly destroyed: readonly string[];
  readonly hasMoreChanges: boolean;
  readonly notUpdated: Readonly<Record<string, { readonly type: string }>>;
}

export interface ListedObject {
  readonly id: string;
  readonly role: string | null;
  readonly name: string;
  readonly totalEmails: number;
  readonly unreadEmails: number;
  readonly totalThreads: number;
  readonly unreadThreads: number;
  readonly mailboxIds: JsonObject;
  readonly keywords: JsonObject;
  readonly myRights: JsonObject;
  readonly blobId: string;
  readonly size: number;
  readonly attachments: readonly { readonly blobId: string; readonly size: number }[];
}

/** A client of the area `jmap`, whose password was checked before. */
export class JmapClient {
  readonly area: Area;
  readonly #store: TempStore;
  readonly #ended = new AbortController();
  /** Push services. */
  readonly fetcher = new FakeFetcher();
  readonly webPush: WebPush;

  constructor(
    store: TempStore,
    limits = jmapLimits,
    appPassword: Identity['appPassword'] | null = null,
    quotaBytes = 0,
    push: Partial<PushLimits> = {},
    sending: SendingServices = testSending(store),
  ) {
    this.#store = store;
    const identity = { account: 'mara', login: 'mara@example.org', ...(appPassword !== null && { appPassword }) };
    const open = () => ({ ended: this.#ended.signal, [Symbol.dispose]: () => undefined });
    const logins = { authenticate: () => Promise.resolve({ kind: 'account', identity, open } as const) };
    const { accounts, clock, databases } = store;
    const refusals = { find: () => Promise.resolve([]) };
    const stories = new Stories({ db: databases.server, accounts, refusals, settings: defaultSettings });
    const contentMemory = new ContentMemory(1_000_000);
    const { bus, log } = store;
    const { submissions, senderOf } = sending;
    const quotaBytesOf = (): number => quotaBytes;
    const makeWebPush = (watch: WebPushDeps['watch']): WebPush =>
      new WebPush({
        store: new PushSubscriptions(databases.server),
        accounts,
        watch,
        holds: () => Promise.resolve(!this.#ended.signal.aborted),
        bus,
        log,
        fetcher: this.fetcher,
        clock,
        random: systemRandom,
        key: vapidKey,
        contact: 'mailto:postmaster@mail.example',
        limits: webPushLimits,
      });
    const shared = new JmapShared({
      clock,
      contentMemory,
      bus,
      log,
      submissions,
      senderOf,
      quotaBytesOf,
      limits,
      push: { ...pushLimits, ...push },
      makeWebPush,
    });
    this.webPush = shared.webPush;
    this.area = jmapArea({
      accounts,
      clock,
      random: systemRandom,
      hostname: 'mail.example',
      contentMemory,
      logins,
      stories,
      quotaBytesOf,
      sending,
      shared,
    });
  }

  /** Answers a request as the router would have it answered. */
  readonly handle: Area['handle'] = (request, facts) => this.area.handle(request, facts);

  /** Ends the login, as when its password is changed. */
  logOut(): void {
    this.#ended.abort(new Error('the login has ended'));
  }

  /** Sends a request. @param stopping  Aborted when the server stops. */
  send(path: string, init: RequestInit = {}, stopping = new AbortController().signal): Promise<Response> {
    const partOfFacts = { log: this.#store.log, limitBody: () => undefined, stopping, upgrade: null, ...client };
    const facts = partOfFacts as unknown as Parameters<Area['handle']>[1];
    return Promise.resolve(this.area.handle(new Request(`http://mail.example${path}`, init), facts));
  }

  async post(body: string): Promise<{ readonly status: number; readonly body: JsonObject }> {
    const headers = { 'Content-Type': 'application/json' };
    const response = await this.send('/jmap/api', { method: 'POST', body, headers });
    return { status: response.status, body: (await response.json()) as JsonObject };
  }

  /** Makes one call and returns its response, whatever its name. */
  async call(name: string, args: JsonObject): Promise<JmapAnswer> {
    const using = ['core', 'mail', 'submission', 'mdn', 'quota'].map((name) => `urn:ietf:params:jmap:${name}`);
    const account = { accountId: `A${this.#store.account.id}` };
    const { body } = await this.post(JSON.stringify({ using, methodCalls: [[name, { ...account, ...args }, '0']] }));
    const { methodResponses } = body as unknown as { methodResponses: [[string, JmapAnswer, string]] };
    return methodResponses[0][1];
  }
}

/** Puts three messages into the inbox: two of one conversation, and one with an attachment. */
export async function putJmapMail(store: TempStore): Promise<void> {
  const { messages } = store.account;
  await messages.append({ name: 'INBOX' }, [
    newMessage(
      [
        'From: =?utf-8?q?Zo=C3=AB?= <zoe@example.org>',
        'To: Team: a@example.org, b@example.org;',
        'Subject: =?utf-8?q?Caf=C3=A9?=',
        'Message-ID: <1@x>',
        'Date: Thu, 1 Jan 2026 10:00:00 +0200',
      ],
      { receivedMs: Date.UTC(2026, 0, 1) },
    ),
    newMessage(
      ['Subject: Re: =?utf-8?q?Caf=C3=A9?=', 'In-Reply-To: <1@x>', 'Message-ID: <2@x>', 'From: m@example.org'],
      {
        receivedMs: Date.UTC(2026, 0, 2),
        flags: SystemFlag.Seen,
      },
    ),
    newMessage(
      ['Subject: files', 'MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=b'],
      { receivedMs: Date.UTC(2026, 0, 3) },
      '--b\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nna\u00efve\r\ntext\r\n' +
        '--a\r\nContent-Type: text/html\r\n\r\n<p>naive</p>\r\n--a--\r\n--b\r\nContent-Type: application/pdf; name="r.pdf"\r\n' +
        'Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment\r\n\r\nJVBERi0=\r\n--b--\r\n',
    ),
  ]);
}
