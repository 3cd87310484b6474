import { encodeHex, parseHex } from '#lib/codecs';
import { keyFingerprint, type ClientKey } from '#mail/auth';
import { Arguments, OperationRefused } from './arguments.ts';
import { accountMade, accountNamed } from './named.ts';
import type { OperationsDeps, OperationTable } from './operations.ts';

/** A client certificate's key, as `clientKey.list` gives it. */
export interface ListedClientKey {
  readonly account: string;
  /** SHA-256 of the public key (SubjectPublicKeyInfo), in hexadecimal. */
  readonly fingerprint: string;
  /** Whom it logs in when no name is asked for. */
  readonly login: string;
  /** False when the configuration does not give the account that login any more: then it needs another name to log in. */
  readonly isLoginValid: boolean;
  readonly label: string;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
}

/** Result of `clientKey.add` and `clientKey.remove`. */
export type ChangedClientKey = Pick<ListedClientKey, 'account' | 'fingerprint' | 'login' | 'label'>;

/** Commands about client certificates that log in. */
export const clientKeyCommands: OperationTable = {
  'clientKey.add': addOperation,
  'clientKey.list': listOperation,
  'clientKey.remove': removeOperation,
};

const maxLabelChars = 200;
const fingerprintBytes = 32;

async function addOperation(deps: OperationsDeps, args: unknown): Promise<ChangedClientKey> {
  const given = new Arguments(args, ['account', 'certificate', 'login', 'label']);
  const fingerprint = keyFingerprint(new TextEncoder().encode(given.text('certificate')));
  if (fingerprint === null) throw new OperationRefused('this is not a certificate in PEM form');
  const label = given.optionalText('label') ?? '';
  if (label.length > maxLabelChars) throw new OperationRefused(`the label is longer than ${maxLabelChars} characters`);
  const account = await accountMade(deps, given.text('account'));
  const login = await loginOf(deps, account, given.optionalText('login'));
  if (!(await deps.credentials.addClientKey(account, fingerprint, login, label))) throw await taken(deps, fingerprint);
  const added = { account, fingerprint: encodeHex(fingerprint), login, label };
  deps.log.info('clientKey.added', added);
  return added;
}

/** The login asked for, or the account's first address, as it is kept. */
async function loginOf(
  { checker, configuration }: OperationsDeps,
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

async function taken({ credentials }: OperationsDeps, fingerprint: Uint8Array): Promise<OperationRefused> {
  const key = await credentials.clientKey(fingerprint);
  const whose = key === null ? '' : `: it logs in to account ${key.account} as ${key.login}`;
  return new OperationRefused(
    `the key of this certificate is there already${whose}; to change that, 'godwit client-key remove ${encodeHex(fingerprint)}' first`,
  );
}

async function listOperation(deps: OperationsDeps, args: unknown): Promise<ListedClientKey[]> {
  const named = new Arguments(args, ['account']).optionalText('account');
  const accounts = named === undefined ? await deps.accounts.list() : [await accountNamed(deps, named)];
  const listed: ListedClientKey[] = [];
  for (const { name } of accounts) {
    for (const key of await deps.credentials.clientKeys(name)) {
      const isLoginValid = (await deps.checker.identify(key.login))?.account === name;
      listed.push({ ...changed(key), isLoginValid, createdMs: key.createdMs });
    }
  }
  return listed;
}

async function removeOperation(deps: OperationsDeps, args: unknown): Promise<ChangedClientKey> {
  const given = new Arguments(args, ['fingerprint']).text('fingerprint');
  const fingerprint = parseHex(given.replaceAll(':', ''));
  const list = "'godwit client-key list' shows them";
  if (!fingerprint.ok || fingerprint.value.length !== fingerprintBytes) {
    throw new OperationRefused(`${given} is not a fingerprint; ${list}`);
  }
  const key = await deps.credentials.removeClientKey(fingerprint.value);
  if (key === null) throw new OperationRefused(`no key has the fingerprint ${given}; ${list}`);
  const removed = changed(key);
  deps.log.info('clientKey.removed', removed);
  return removed;
}

function changed({ account, fingerprint, login, label }: ClientKey): ChangedClientKey {
  return { account, fingerprint: encodeHex(fingerprint), login, label };
}
