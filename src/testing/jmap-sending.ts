import { parseConfigFiles } from '#mail/config';
import { ContentMemory } from '#mail/content';
import { Directory } from '#mail/directory';
import { EmailSubmissions } from '#mail/email-submissions';
import { Queue } from '#mail/queue';
import { Suppressions } from '#mail/suppressions';
import { WebhookOutbox } from '#mail/webhook-outbox';
import { defaultSessionLimits } from '#proto/smtp-server';
import type { SendingServices } from '#server/jmap';
import { noSigning } from '#server/localserve';
import { standardRules, UserMail } from '#server/submission';
import { seededRandom } from './seeded-random.ts';
import type { TempStore } from './temp-store.ts';

const server = 'hostname: mail.example.org\npostmaster: mara\nlisteners: {}\n';
const domains = `
domains:
  example.org:
    aliases: { team: { addresses: [mara@example.org], allowMessageFrom: true } }
  any.example: {}
  off.example: { disabled: true }
accounts:
  mara: { fullName: Mara, addresses: [mara@example.org, '@any.example'] }
  zoe: { addresses: [zoe@example.org] }
`;

/** Submission of a JMAP client of tests, with a queue that nothing delivers. */
export interface TestSending extends SendingServices {
  readonly queue: Queue;
  /** Refusals that stories would tell, in words: `MAIL 550 5.7.1 …`. */
  readonly refused: string[];
}

/** Makes the submission of a store's account, `mara`, who has mara@example.org, an alias, and all of any.example. */
export function testSending(
  { databases, blobs, clock, bus, accounts }: TempStore,
  limits: Partial<SendingServices['limits']> = {},
  domainsText = domains,
): TestSending {
  const config = parseConfigFiles({ file: 'server.yaml', text: server }, { file: 'domains.yaml', text: domainsText });
  const configuration = { config, directory: Directory.of(config) };
  const { server: db } = databases;
  const submissions = new EmailSubmissions({ db, clock, bus });
  const policy = { suppressesRefused: false, tellsWebhooks: false };
  const perAccount = {
    suppressions: new Suppressions({ db, clock }),
    policies: { of: () => policy, refresh: () => Promise.resolve() },
    outbox: new WebhookOutbox(),
    follower: submissions,
  };
  const queue = new Queue({ db, clock, bus, settings: { keepFinishedMs: 60_000 }, perAccount });
  const refused: string[] = [];
  const record = ({ stage, reply }: { readonly stage: string; readonly reply: string }): void =>
    void refused.push(`${stage} ${reply}`);
  const rules = standardRules(configuration);
  const [hostname, random, contentMemory] = ['mail.example.org', seededRandom(1), new ContentMemory(1_000_000)];
  const deps = { configuration, accounts, blobs, contentMemory, clock, random, hostname, rules };
  let ids = 0;
  return {
    queue,
    submissions,
    rules: () => rules,
    backend: (into, { log }) => new UserMail({ ...deps, queue: into, refusals: { record }, signing: noSigning, log }),
    senderOf: (name) => {
      const { fullName = '', addresses = [] } = config.domains.accounts[name] ?? {};
      return { fullName, addresses };
    },
    limits: { ...defaultSessionLimits, ...limits },
    nextId: () => `id${++ids}`,
    refused,
  };
}
