import type { AccountId, ContentId, QueueId } from '#lib/ids';
import type { Account, Accounts } from '#mail/accounts';
import { messagesTo } from '#mail/queue';
import { inBatches } from '#mail/schema';
import { ConditionError } from '#ports/conditions';
import { sql, type Database, type Reader, type Sql } from '#ports/database';
import { departedStories } from './departed.ts';
import { emailsWithEnvelope, emailsWithId, incomingStories } from './incoming.ts';
import { outgoingStory, type OutgoingContext } from './outgoing.ts';
import type { Refusals } from './refusals.ts';
import type { Story } from './types.ts';

/** Dependencies of `Stories`. */
export interface StoriesDeps extends Pick<OutgoingContext, 'settings'> {
  /** The server's database. */
  readonly db: Database;
  readonly accounts: Pick<Accounts, 'list' | 'open'>;
  readonly refusals: Pick<Refusals, 'find'>;
}

/** Choice of stories. */
export type StoryQuestion =
  /** A message of the queue. */
  | { readonly kind: 'queueId'; readonly id: QueueId }
  /** Without angle brackets. */
  | { readonly kind: 'messageId'; readonly messageId: string }
  /** Addresses of the envelope, any when absent. */
  | {
      readonly kind: 'envelope';
      readonly sender?: string | undefined;
      readonly recipient?: string | undefined;
      /** Not before, in milliseconds since 1970. */
      readonly sinceMs: number;
    };

/** Stories found. */
export interface StoryTelling {
  readonly stories: readonly Story[];
  /** True when there are more than were asked for. */
  readonly isCut: boolean;
}

/** Finds and tells stories. */
export class Stories {
  readonly #deps: StoriesDeps;

  constructor(deps: StoriesDeps) {
    this.#deps = deps;
  }

  /**
   * Tells the stories that answer a question, in the order of time.
   * @param limit  at most so many, the latest; itself at most 500.
   * @param account  only what this account sent or has; null for all.
   */
  async tell(question: StoryQuestion, limit: number, account: Account | null = null): Promise<StoryTelling> {
    const most = limit + 1;
    // Refused mail belongs to no account.
    const refusals =
      question.kind === 'envelope' && account === null ? await this.#deps.refusals.find(question, most) : [];
    const found = [
      ...(await this.#outgoing(question, most, account)),
      ...(await this.#incoming(question, most, account)),
      ...refusals,
    ]
      .toReversed()
      .toSorted((a, b) => startOf(a) - startOf(b));
    return { stories: found.slice(-limit), isCut: found.length > limit };
  }

  /** Tells how a message of an account came, and what became of up to `limit` that the account sent with its Message-ID, the latest ones. */
  async ofEmail(account: Account, id: ContentId, limit: number): Promise<Story[]> {
    const incoming = await incomingStories(account, [id]);
    const messageId = incoming[0]?.kind === 'incoming' ? incoming[0].messageId : null;
    if (messageId === null) return incoming;
    const question = { kind: 'messageId', messageId: messageId.slice(1, -1) } as const;
    return [...(await this.#outgoing(question, limit, account)).toReversed(), ...incoming];
  }

  async #outgoing(question: StoryQuestion, limit: number, account: Account | null): Promise<Story[]> {
    const { db, accounts, settings } = this.#deps;
    const names = new Map((await accounts.list()).map(({ id, name }) => [id, name] as const));
    const nameOf = (id: AccountId): string => names.get(id) ?? `removed account ${id}`;
    const ids = await db.read((reader) => queueIds(reader, question, limit, account?.id ?? null));
    const stories: Story[] = [];
    for (const id of ids) {
      const story = await db.read((reader) => outgoingStory(reader, id, { settings, nameOf }));
      if (story !== null) stories.push(story);
    }
    await db.durable();
    return stories;
  }

  async #incoming(question: StoryQuestion, limit: number, only: Account | null): Promise<Story[]> {
    if (question.kind === 'queueId') return [];
    const stories: Story[] = [];
    // One after the other: a server may have thousands.
    for await (const account of only === null ? this.#all() : [only]) {
      try {
        const emails =
          question.kind === 'messageId'
            ? await emailsWithId(account, question.messageId, limit)
            : await emailsWithEnvelope(account, question, limit);
        stories.push(...(await incomingStories(account, emails)), ...(await departedStories(account, question, limit)));
      } catch (error) {
        if (!(error instanceof ConditionError) || only !== null) account.ignoreIfRemoved(error);
      }
      if (stories.length >= 2 * limit) stories.splice(0, stories.length, ...latest(stories, limit));
    }
    return latest(stories, limit);
  }

  async *#all(): AsyncGenerator<Account> {
    const { accounts } = this.#deps;
    for (const { name } of await accounts.list()) {
      const account = await accounts.open(name).catch(damagedIsNull);
      if (account !== null) yield account;
    }
  }
}

/** One account that cannot be opened, which was noted, must not hide what the others tell. */
function damagedIsNull(error: unknown): null {
  if (error instanceof ConditionError) return null;
  throw error;
}

function latest(stories: readonly Story[], limit: number): Story[] {
  return stories.toSorted((a, b) => startOf(b) - startOf(a)).slice(0, limit);
}

function startOf(story: Story): number {
  return story.events[0]?.atMs ?? 0;
}

/** Row ids of messages, the latest first; of one account, or of all. */
async function queueIds(
  reader: Reader,
  question: StoryQuestion,
  limit: number,
  account: AccountId | null,
): Promise<QueueId[]> {
  const whose = account === null ? sql`` : sql`AND account = ${account}`;
  switch (question.kind) {
    case 'queueId': {
      const { id } = question;
      const rows = await reader.all<{ id: QueueId }>(sql`SELECT id FROM queue_message WHERE id = ${id} ${whose}`);
      return rows.map((row) => row.id);
    }
    case 'messageId': {
      const rows = await reader.all<{ id: QueueId }>(sql`SELECT id FROM queue_message
        WHERE message_id = ${`<${question.messageId}>`} ${whose} ORDER BY id DESC LIMIT ${limit}`);
      return rows.map((row) => row.id);
    }
    case 'envelope':
      return await idsByEnvelope(reader, question, limit, whose);
  }
}

const rowsAtOnce = 5000;

async function idsByEnvelope(
  reader: Reader,
  { sender, recipient, sinceMs }: Extract<StoryQuestion, { kind: 'envelope' }>,
  limit: number,
  whose: Sql,
): Promise<QueueId[]> {
  const ofSender = sender === undefined ? sql`` : sql`AND sender IN (${sender}, ${sender.toLowerCase()})`;
  const rows = await reader.all<{
    id: QueueId;
  }>(sql`SELECT id FROM queue_message WHERE received_ms >= ${sinceMs} ${ofSender} ${whose}
    ORDER BY received_ms DESC, id DESC LIMIT ${recipient === undefined ? limit : rowsAtOnce}`);
  if (recipient === undefined) return rows.map(({ id }) => id);
  const found: QueueId[] = [];
  for (const batch of inBatches(rows)) {
    const ids = batch.map(({ id }) => id);
    found.push(...(await messagesTo(reader, ids, recipient)).toSorted((a, b) => b - a));
    if (found.length >= limit) break;
  }
  return found.slice(0, limit);
}
