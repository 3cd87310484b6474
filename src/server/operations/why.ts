import { z } from 'zod';
import { parseAddress } from '#lib/address';
import type { Account, Accounts } from '#mail/accounts';
import { Stories, type Refusals, type StoryQuestion } from '#mail/story';
import type { QueueSettings } from '#mail/queue';
import type { Clock } from '#ports/clock';
import type { Databases } from '#ports/database';
import { OperationRefused, optionalText, wholeNumber } from './arguments.ts';
import { defineOperation } from './define-operation.ts';
import { parseName } from './queue-filter.ts';
import { story } from './story-results.ts';

interface WhyDeps {
  readonly accounts: Pick<Accounts, 'list' | 'open'>;
  readonly databases: Pick<Databases, 'server'>;
  readonly refusals: Pick<Refusals, 'find'>;
  readonly queueSettings: Pick<QueueSettings, 'maxAgeMs'>;
  readonly clock: Clock;
}

const defaultLimit = 10;
const maxLimit = 200;
const dayMs = 86_400_000;
const defaultSinceMs = 7 * dayMs;
const maxSinceMs = 3650 * dayMs;

/** `why`. */
export const why = defineOperation({
  name: 'why',
  summary: 'Tell what happened to messages, in or out, and what happens next',
  permission: { ownAccount: 'account' },
  command: 'why',
  args: {
    id: optionalText('Id of the queue, such as 76 or 76.1.'),
    messageId: optionalText('Message-ID, with or without its angle brackets.'),
    sender: optionalText('Sender in the envelope; empty for notices.'),
    recipient: optionalText('Recipient in the envelope.'),
    sinceMs: wholeNumber(
      1,
      maxSinceMs,
      'With sender or recipient: not older than this; 7 days when absent.',
    ).optional(),
    account: optionalText('Only what this account sent or has.'),
    limit: wholeNumber(1, maxLimit, `At most this many, the latest; ${defaultLimit} when absent.`).optional(),
  },
  result: z.strictObject({
    stories: z.array(story).readonly().describe('In the order of time.'),
    isCut: z.boolean().describe('There are more than the limit.'),
  }),
  run: async (deps: WhyDeps, { limit = defaultLimit, account: name, ...asked }) => {
    const question = readQuestion(deps, asked);
    const account = name === undefined ? null : await openAccount(deps, name);
    const { accounts, databases, queueSettings: settings, refusals } = deps;
    const stories = new Stories({ db: databases.server, accounts, refusals, settings });
    return await stories.tell(question, limit, account);
  },
});

/** Arguments of which one question is made. */
interface Asked {
  readonly id?: string | undefined;
  readonly messageId?: string | undefined;
  readonly sender?: string | undefined;
  readonly recipient?: string | undefined;
  readonly sinceMs?: number | undefined;
}

/** @throws OperationRefused unless exactly one question is asked. */
function readQuestion({ clock }: Pick<WhyDeps, 'clock'>, asked: Asked): StoryQuestion {
  const { id, messageId } = asked;
  const sender = addressOf('sender', asked.sender);
  const recipient = addressOf('recipient', asked.recipient);
  const sinceMs = clock.now() - (asked.sinceMs ?? defaultSinceMs);
  const hasEnvelope = sender !== undefined || recipient !== undefined;
  if ([id !== undefined, messageId !== undefined, hasEnvelope].filter(Boolean).length !== 1) {
    throw new OperationRefused('name an id, a Message-ID, or addresses of the envelope: one of the three');
  }
  if (id !== undefined) return { kind: 'queueId', id: parseName(id).message };
  if (messageId !== undefined) return { kind: 'messageId', messageId: messageId.trim().replace(/^<(.*)>$/, '$1') };
  return { kind: 'envelope', sender, recipient, sinceMs };
}

/** An address, or the empty reverse-path. @throws OperationRefused for anything else. */
function addressOf(name: string, given: string | undefined): string | undefined {
  if (given === undefined || given === '' || given.toLowerCase() === 'postmaster') return given;
  const address = parseAddress(given, { smtputf8: true });
  if (!address.ok) throw new OperationRefused(`${name} ${given} is not an address: ${address.reason}`);
  return given;
}

async function openAccount({ accounts }: Pick<WhyDeps, 'accounts'>, name: string): Promise<Account> {
  const account = await accounts.open(name);
  if (account === null) throw new OperationRefused(`no account ${name}`);
  return account;
}
