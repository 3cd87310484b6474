import { z } from 'zod';
import type { Accounts } from '#mail/accounts';
import type { WebSessions } from '#mail/auth';
import type { Log } from '#ports/log';
import { OperationRefused, optionalText, text, wholeNumber } from './arguments.ts';
import { defineOperation } from './define-operation.ts';
import { accountNamed, type AccountListDeps } from './named.ts';

interface WebSessionDeps extends AccountListDeps {
  readonly webSessions: Pick<WebSessions, 'end' | 'endAll' | 'list'>;
}

const listedSession = z.strictObject({
  id: z.number(),
  account: z.string(),
  login: z.string().describe('Login name that was used.'),
  device: z.string().describe('Browser and system, such as Firefox on Linux.'),
  createdMs: z.number().describe('Milliseconds since 1970.'),
  lastUsedMs: z.number().describe('The last use, to the minute.'),
  lastAddress: z.string().describe('IP address of the last use.'),
});

/** A session of pages, as `session.list` gives it. */
export type ListedSession = z.output<typeof listedSession>;

/** `session.list`. */
export const sessionList = defineOperation({
  name: 'session.list',
  summary: 'List the sessions of web pages with their last use',
  permission: 'operator',
  command: 'session list',
  args: { account: optionalText('Of this account only.') },
  result: z.array(listedSession).readonly(),
  run: async (deps: WebSessionDeps & { readonly accounts: Pick<Accounts, 'list'> }, { account: named }) => {
    const accounts = named === undefined ? await deps.accounts.list() : [await accountNamed(deps, named)];
    const listed: ListedSession[] = [];
    for (const { name } of accounts) listed.push(...(await deps.webSessions.list(name)));
    return listed;
  },
});

/** `session.remove`. */
export const sessionRemove = defineOperation({
  name: 'session.remove',
  summary: 'End a session of web pages, or all of an account, at once',
  permission: 'operator',
  command: 'session remove',
  args: {
    account: text('Name of the account.'),
    id: wholeNumber(1, Number.MAX_SAFE_INTEGER, 'Its number, as the list shows it; all when absent.').optional(),
  },
  result: z.strictObject({ account: z.string(), removed: z.number() }),
  run: async (deps: WebSessionDeps & { readonly log: Log }, { account: named, id }) => {
    const account = (await accountNamed(deps, named)).name;
    const { webSessions, log } = deps;
    const removed = id === undefined ? await webSessions.endAll(account) : Number(await webSessions.end(account, id));
    if (id !== undefined && removed === 0)
      throw new OperationRefused(
        `account ${account} has no session ${id}; 'godwit session list ${account}' shows them`,
      );
    log.info('webSession.removed', { account, removed, ...(id !== undefined && { session: id }) });
    return { account, removed };
  },
});
