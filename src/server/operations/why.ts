import { parseAddress } from '#lib/address';
import type { Account } from '#mail/accounts';
import { Stories, type StoryQuestion, type StoryTelling } from '#mail/story';
import { Arguments, OperationRefused } from './arguments.ts';
import type { OperationsDeps, OperationTable } from './operations.ts';
import { parseName } from './queue-filter.ts';

/** What became of messages. */
export const whyCommands: OperationTable = { why: whyOperation };

const defaultLimit = 10;
const maxLimit = 200;
const dayMs = 86_400_000;
const defaultSinceMs = 7 * dayMs;
const maxSinceMs = 3650 * dayMs;

async function whyOperation(deps: OperationsDeps, args: unknown): Promise<StoryTelling> {
  const given = new Arguments(args, ['id', 'messageId', 'sender', 'recipient', 'sinceMs', 'account', 'limit']);
  const question = readQuestion(deps, given);
  const limit = given.optionalNumber('limit', 1, maxLimit) ?? defaultLimit;
  const name = given.optionalText('account');
  const account = name === undefined ? null : await openAccount(deps, name);
  const { accounts, databases, queueSettings: settings, refusals } = deps;
  const stories = new Stories({ db: databases.server, accounts, refusals, settings });
  return await stories.tell(question, limit, account);
}

/** @throws OperationRefused unless exactly one question is asked. */
function readQuestion({ clock }: OperationsDeps, given: Arguments): StoryQuestion {
  const id = given.optionalText('id');
  const messageId = given.optionalText('messageId');
  const sender = addressOf('sender', given.optionalText('sender'));
  const recipient = addressOf('recipient', given.optionalText('recipient'));
  const sinceMs = clock.now() - (given.optionalNumber('sinceMs', 1, maxSinceMs) ?? defaultSinceMs);
  const hasEnvelope = sender !== undefined || recipient !== undefined;
  if ([id !== undefined, messageId !== undefined, hasEnvelope].filter(Boolean).length !== 1) {
    throw new OperationRefused('name an id, a Message-ID, or addresses of the envelope: one of the three');
  }
  if (id !== undefined) return { kind: 'queueId', id: parseName(id).message };
  if (messageId !== undefined) return { kind: 'messageId', messageId: messageId.trim().replace(/^<(.*)>$/, '$1') };
  return { kind: 'envelope', sender, recipient, sinceMs };
}

/** An address, or the empty reverse-path. @throws OperationRefused for anything else. */
function addressOf(name: string, text: string | undefined): string | undefined {
  if (text === undefined || text === '' || text.toLowerCase() === 'postmaster') return text;
  const address = parseAddress(text, { smtputf8: true });
  if (!address.ok) throw new OperationRefused(`${name} ${text} is not an address: ${address.reason}`);
  return text;
}

async function openAccount({ accounts }: OperationsDeps, name: string): Promise<Account> {
  const account = await accounts.open(name);
  if (account === null) throw new OperationRefused(`no account ${name}`);
  return account;
}
