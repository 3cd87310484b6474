import { keyRecordName, txtStrings } from '#lib/dkim';
import { parseDomain } from '#lib/domain';
import type { DkimKeyFacts } from '#server/dkim';
import type { ArgumentsOf } from '#server/operations';
import { callServer } from '../connection.ts';
import { configFolder } from '../folder.ts';
import type { FolderOptions } from '../program-options.ts';
import { plain, print, printJson, table } from '../terminal.ts';

/** Makes keys. @returns the exit code. */
export async function dkimAdd(
  domain: string,
  selector: string | undefined,
  options: FolderOptions & Pick<ArgumentsOf<'dkim.add'>, 'algorithm'>,
): Promise<number> {
  const { algorithm } = options;
  const made = await callServer(configFolder(options), 'dkim.add', { domain, selector, algorithm });
  for (const key of made) print(`Made ${key.keyFile}; mail from ${key.domain} is signed with it from now on.`);
  print('', 'Publish in DNS:', '');
  for (const key of made) print(...recordLines(key), '');
  print('Signatures count as missing until then. Keep the keys secret, and in your backups.');
  return 0;
}

/** Lists keys. @returns the exit code: 1 when one of them cannot be used. */
export async function dkimList(options: FolderOptions & { readonly json?: boolean }): Promise<number> {
  const keys = await callServer(configFolder(options), 'dkim.list', {});
  if (options.json === true) printJson(keys);
  else if (keys.length === 0) print("There are no DKIM keys; 'godwit dkim add DOMAIN' makes one.");
  else print(...table(keys.map(rowOf)));
  return keys.every(({ key }) => key !== null) ? 0 : 1;
}

/** Prints the DNS record of one key. @returns the exit code. @throws Error when there is no such key, or it cannot be used. */
export async function dkimRecord(domain: string, selector: string, options: FolderOptions): Promise<number> {
  const keys = await callServer(configFolder(options), 'dkim.list', {});
  const wanted = keyRecordName(selector.toLowerCase(), asciiName(domain));
  const found = keys.find((facts) => keyRecordName(facts.selector, facts.domain) === wanted);
  if (found === undefined) throw new Error(`${domain} has no selector ${selector}; 'godwit dkim list' lists them`);
  if (found.key === null) throw new Error(`the key in ${found.keyFile} cannot be used; 'godwit config check' says why`);
  print(...recordLines(found));
  return 0;
}

/** Removes a key from the configuration. @returns the exit code. */
export async function dkimRemove(domain: string, selector: string, options: FolderOptions): Promise<number> {
  const removed = await callServer(configFolder(options), 'dkim.remove', { domain, selector });
  print(
    `Mail from ${removed.domain} is no longer signed with ${removed.selector}.`,
    `Leave ${keyRecordName(removed.selector, removed.domain)} in DNS for a week, for mail that is under way;`,
    `then remove it there, and the file ${plain(removed.keyFile)}.`,
  );
  return 0;
}

/** The record as a line of a zone file, and its text for forms. */
function recordLines({ key }: DkimKeyFacts): string[] {
  if (key === null) return [];
  const strings = txtStrings(key.record).map((string) => `"${string}"`);
  return [
    `${key.name}. IN TXT ${strings.length === 1 ? strings.join('') : `( ${strings.join('\n    ')} )`}`,
    '',
    '  or, in a form:',
    `  name  ${key.name}`,
    '  type  TXT',
    `  text  ${key.record}`,
  ];
}

function rowOf({ domain, selector, signs, keyFile, key }: DkimKeyFacts): string[] {
  const kind = key === null ? 'CANNOT BE USED' : key.algorithm === 'rsa-sha256' ? `RSA ${key.bits}` : 'ed25519';
  return [domain, selector, kind, signs ? 'signs' : 'does not sign', plain(keyFile)];
}

function asciiName(name: string): string {
  const domain = parseDomain(name);
  return domain.ok ? domain.value.ascii : name;
}
