import { Files } from '#host/files';
import type { ListedClientKey } from '#server/operations';
import { callServer } from '../connection.ts';
import { configFolder } from '../folder.ts';
import type { FolderOptions } from '../program-options.ts';
import { localTime, plain, print, printJson, table } from '../terminal.ts';

/** Options of the commands about client certificates. */
export interface ClientKeyOptions extends FolderOptions {
  readonly login?: string;
  readonly label?: string;
  readonly json?: boolean;
}

/** Lets the key of a client certificate log in. @returns the exit code. */
export async function clientKeyAdd(account: string, file: string, options: ClientKeyOptions): Promise<number> {
  const { login, label } = options;
  const certificate = await certificateIn(file);
  const added = await callServer(configFolder(options), 'clientKey.add', { account, certificate, login, label });
  print(
    `The key of ${plain(file)} logs in to account ${added.account} as ${plain(added.login)}.`,
    `Fingerprint: ${added.fingerprint}`,
  );
  return 0;
}

/** Lists keys of client certificates. @returns the exit code. */
export async function clientKeyList(account: string | undefined, options: ClientKeyOptions): Promise<number> {
  const keys = await callServer(configFolder(options), 'clientKey.list', { account });
  if (options.json === true) printJson(keys);
  else if (keys.length === 0) print('No client certificate logs in.');
  else print(...table([['account', 'fingerprint', 'since', 'logs in as', 'label'], ...keys.map(rowOf)]));
  return 0;
}

/** Ends what a key may. @returns the exit code. */
export async function clientKeyRemove(fingerprint: string, options: ClientKeyOptions): Promise<number> {
  const removed = await callServer(configFolder(options), 'clientKey.remove', { fingerprint });
  const what = removed.label === '' ? 'This key' : `The key ${plain(removed.label)}`;
  print(`${what} does not log in to account ${removed.account} any more. Sessions that are open go on.`);
  return 0;
}

function rowOf({ account, fingerprint, createdMs, login, isLoginValid, label }: ListedClientKey): string[] {
  const as = isLoginValid ? plain(login) : `${plain(login)} (not the account's any more)`;
  return [account, fingerprint, localTime(createdMs), as, plain(label)];
}

const maxFileBytes = 256 * 1024;

/** The first certificate of a PEM file, and nothing else of it: a key beside it stays here. */
async function certificateIn(file: string): Promise<string> {
  const bytes = await readBytes(file);
  const text = new TextDecoder().decode(bytes);
  const found = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/.exec(text)?.[0];
  if (found !== undefined) return `${found}\n`;
  const what = text.includes(' PRIVATE KEY-----')
    ? 'holds a private key: give the certificate that goes with it'
    : 'holds no certificate: it should have lines between BEGIN CERTIFICATE and END CERTIFICATE';
  throw new Error(`${file} ${what}`);
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    const bytes = await new Files().read(file, maxFileBytes);
    if (bytes !== null) return bytes;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot read ${file}: ${why}`, { cause: error });
  }
  throw new Error(`${file} is not there`);
}
