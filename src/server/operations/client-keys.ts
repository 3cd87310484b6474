import { z } from 'zod';
import { encodeHex, parseHex } from '#lib/codecs';
import type { Accounts } from '#mail/accounts';
import { keyFingerprint, type ClientKey, type CredentialChecker, type Credentials } from '#mail/auth';
import type { Log } from '#ports/log';
import type { Configuration } from '#server/configuration';
import { OperationRefused, optionalText, shortText, text } from './arguments.ts';
import { defineOperation } from './define-operation.ts';
import { accountMade, accountNamed, type AccountMakerDeps } from './named.ts';

interface ClientKeyDeps {
  readonly credentials: Pick<Credentials, 'addClientKey' | 'clientKey' | 'clientKeys' | 'removeClientKey'>;
  readonly checker: Pick<CredentialChecker, 'identify'>;
  readonly log: Log;
}

const changedShape = {
  account: z.string(),
  fingerprint: z.string().describe('SHA-256 of the public key (SubjectPublicKeyInfo), in hexadecimal.'),
  login: z.string().describe('Login when the client asks for no name.'),
  label: z.string(),
};
const changedClientKey = z.strictObject(changedShape);

const listedClientKey = z.strictObject({
  ...changedShape,
  isLoginValid: z
    .boolean()
    .describe(
      'False when the configuration does not give the account that login anymore: then the client must ask for another name.',
    ),
  createdMs: z.number().describe('Milliseconds since 1970.'),
});

/** A client certificate's key, as `clientKey.list` gives it. */
export type ListedClientKey = z.output<typeof listedClientKey>;

const maxLabelChars = 200;
const fingerprintBytes = 32;

/** `clientKey.add`. */
export const clientKeyAdd = defineOperation({
  name: 'clientKey.add',
  summary: 'Let the key of a client certificate log in to an account',
  permission: 'operator',
  isExclusive: true,
  command: 'client-key add',
  args: {
    account: text('Name of the account.'),
    certificate: text('The certificate in PEM form; another one with the same key logs in too.'),
    login: optionalText('Address of the account to log in with when the client names none.'),
    label: shortText('label', maxLabelChars, 'Name of the key in lists.'),
  },
  result: changedClientKey,
  run: async (deps: ClientKeyDeps & AccountMakerDeps, { account: named, certificate, login: asked, label = '' }) => {
    const fingerprint = keyFingerprint(new TextEncoder().encode(certificate));
    if (fingerprint === null) throw new OperationRefused('this is not a certificate in PEM form');
    const account = await accountMade(deps, named);
    const login = await loginOf(deps, account, asked);
    if (!(await deps.credentials.addClientKey(account, fingerprint, login, label)))
      throw await taken(deps, fingerprint);
    const added = { account, fingerprint: encodeHex(fingerprint), login, label };
    deps.log.info('clientKey.added', added);
    return added;
  },
});

/** `clientKey.list`. */
export const clientKeyList = defineOperation({
  name: 'clientKey.list',
  summary: 'List the keys of client certificates that log in',
  permission: 'operator',
  command: 'client-key list',
  args: { account: optionalText('To this account only.') },
  result: z.array(listedClientKey).readonly(),
  run: async (deps: Omit<ClientKeyDeps, 'log'> & { readonly accounts: Pick<Accounts, 'list'> }, { account: named }) => {
    const accounts = named === undefined ? await deps.accounts.list() : [await accountNamed(deps, named)];
    const listed: ListedClientKey[] = [];
    for (const { name } of accounts) {
      for (const key of await deps.credentials.clientKeys(name)) {
        const isLoginValid = (await deps.checker.identify(key.login))?.account === name;
        listed.push({ ...changed(key), isLoginValid, createdMs: key.createdMs });
      }
    }
    return listed;
  },
});

/** `clientKey.remove`. */
export const clientKeyRemove = defineOperation({
  name: 'clientKey.remove',
  summary: 'Let a key log in no longer',
  permission: 'operator',
  command: 'client-key remove',
  args: { fingerprint: text('Fingerprint, as the list shows it.') },
  result: changedClientKey,
  run: async ({ credentials, log }: ClientKeyDeps, { fingerprint: given }) => {
    const fingerprint = parseHex(given.replaceAll(':', ''));
    const list = "'godwit client-key list' shows them";
    if (!fingerprint.ok || fingerprint.value.length !== fingerprintBytes) {
      throw new OperationRefused(`${given} is not a fingerprint; ${list}`);
    }
    const key = await credentials.removeClientKey(fingerprint.value);
    if (key === null) throw new OperationRefused(`no key has the fingerprint ${given}; ${list}`);
    const removed = changed(key);
    log.info('clientKey.removed', removed);
    return removed;
  },
});

/** The login asked for, or the account's first address, as it is kept. */
async function loginOf(
  { checker, configuration }: Pick<ClientKeyDeps, 'checker'> & { readonly configuration: Configuration },
  account: string,
  asked: string | undefined,
): Promise<string> {
  const { accounts } = configuration.config.domains;
  if (!Object.hasOwn(accounts, account)) {
    throw new OperationRefused(`account ${account} is not in domains.yaml: nobody can log in to it`);
  }
  const own = (accounts[account]?.addresses ?? []).filter((address) => !address.startsWith('@'));
  const wanted = asked ?? own[0] ?? account;
  const identity = await checker.identify(wanted);
  if (identity?.account === account) return identity.login;
  throw new OperationRefused(
    `${wanted} is not a login of account ${account}, which has ${[...own, account].join(', ')}`,
  );
}

async function taken({ credentials }: ClientKeyDeps, fingerprint: Uint8Array): Promise<OperationRefused> {
  const key = await credentials.clientKey(fingerprint);
  const whose = key === null ? '' : `: it logs in to account ${key.account} as ${key.login}`;
  return new OperationRefused(
    `the key of this certificate is there already${whose}; to change that, 'godwit client-key remove ${encodeHex(fingerprint)}' first`,
  );
}

function changed({ account, fingerprint, login, label }: ClientKey): z.output<typeof changedClientKey> {
  return { account, fingerprint: encodeHex(fingerprint), login, label };
}
