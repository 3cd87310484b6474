import { z } from 'zod';
import type { Accounts } from '#mail/accounts';
import type { Log } from '#ports/log';
import { OperationRefused, optionalText } from './arguments.ts';
import { defineOperation } from './define-operation.ts';
import { accountNamed } from './named.ts';

interface IndexDeps {
  readonly accounts: Pick<Accounts, 'list' | 'open'>;
  readonly log: Log;
}

const listedIndex = z.strictObject({
  account: z.string(),
  documents: z.number().describe('Messages in the index.'),
  waiting: z.number().describe('Messages that are not in it yet, and are read by each search.'),
  sizeBytes: z.number().describe('Size of its files.'),
});

/** One index of `index.list`. */
export type ListedIndex = z.output<typeof listedIndex>;

/** `index.list`. */
export const indexList = defineOperation({
  name: 'index.list',
  summary: 'List the search indexes of accounts, with their sizes and what waits for them',
  permission: { ownAccount: 'account' },
  command: 'index list',
  args: { account: optionalText('Of this account only.') },
  result: z.array(listedIndex).readonly().describe('None where the server keeps no indexes.'),
  run: async (deps: IndexDeps, { account: named }) => {
    const listed: ListedIndex[] = [];
    for (const name of await namesOf(deps, named)) {
      const state = await (await deps.accounts.open(name))?.search.state();
      if (state !== null && state !== undefined) listed.push({ account: name, ...state });
    }
    return listed;
  },
});

/** `index.rebuild`. */
export const indexRebuild = defineOperation({
  name: 'index.rebuild',
  summary: 'Drop the search index of an account, or of all, and make it anew in the background',
  permission: { ownAccount: 'account' },
  command: 'index rebuild',
  args: { account: optionalText('Of this account only.') },
  result: z.strictObject({ accounts: z.array(z.string()).readonly() }),
  run: async (deps: IndexDeps, { account: named }) => {
    const rebuilt: string[] = [];
    for (const name of await namesOf(deps, named)) {
      const search = (await deps.accounts.open(name))?.search;
      if (search === undefined || !(await search.rebuild())) continue;
      rebuilt.push(name);
      deps.log.info('searchIndex.rebuilding', { account: name });
    }
    if (rebuilt.length === 0) throw new OperationRefused('no index is kept: see "search" in server.yaml');
    return { accounts: rebuilt };
  },
});

async function namesOf(deps: IndexDeps, named: string | undefined): Promise<string[]> {
  return named === undefined
    ? (await deps.accounts.list()).map(({ name }) => name)
    : [(await accountNamed(deps, named)).name];
}
