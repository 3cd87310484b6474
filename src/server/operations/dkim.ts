import { generatePrivateKey, type SigningAlgorithm } from '#lib/dkim';
import { parseDomain } from '#lib/domain';
import { addDkimSelector, removeDkimSelector } from '#mail/config';
import type { DkimKeyFacts } from '#server/dkim';
import { configuredPath } from '#server/configuration';
import { Arguments, OperationRefused, refuseArguments } from './arguments.ts';
import { changeDomains, refuseUnwritable } from './change-domains.ts';
import type { OperationsDeps, OperationTable } from './operations.ts';
import { ownDomain } from './own-domain.ts';

/** Result of `dkim.remove`. */
export interface RemovedSelector {
  readonly domain: string;
  readonly selector: string;
  /** The file with the key, which stays. */
  readonly keyFile: string;
}

/** Commands about DKIM keys. */
export const dkimCommands: OperationTable = {
  'dkim.add': addOperation,
  'dkim.list': listOperation,
  'dkim.remove': removeOperation,
};

/** A key to be made. */
interface NewKey {
  readonly selector: string;
  readonly algorithm: SigningAlgorithm;
}

/** Makes keys, which sign from now on. @returns what is to be published of them. */
async function addOperation(deps: OperationsDeps, args: unknown): Promise<readonly DkimKeyFacts[]> {
  const given = new Arguments(args, ['domain', 'selector', 'algorithm']);
  const { configuration, dkim, clock, log } = deps;
  const domain = ownDomain(deps, given.text('domain')).ascii;
  const taken = new Set(dkim.facts.filter((facts) => facts.domain === domain).map(({ selector }) => selector));
  const year = new Date(clock.now()).getUTCFullYear();
  const base = given.optionalText('selector') ?? (await freeSelector(deps, domain, taken, year));
  const wanted = wantedKeys(checkedSelector(base), given.optionalText('algorithm') ?? 'rsa');
  for (const { selector } of wanted) {
    if (taken.has(selector)) throw new OperationRefused(`${domain} has a selector ${selector} already`);
    if (await isThere(deps, domain, selector)) {
      throw new OperationRefused(`there is a file ${keyFileOf(domain, selector)} already: name another selector`);
    }
  }
  for (const { selector, algorithm } of wanted) {
    const pem = await generatePrivateKey(algorithm);
    const keyFile = keyFileOf(domain, selector);
    await refuseUnwritable(configuration, () => writeKey(deps, keyFile, pem.reveal()));
    try {
      await changeDomains(configuration, (text) => addDkimSelector(text, { domain, selector, keyFile }));
    } catch (error) {
      await deps.files.remove(pathOf(deps, keyFile));
      throw error;
    }
    log.info('dkim.added', { domain, selector, algorithm });
  }
  await dkim.reload();
  const made = new Set(wanted.map(({ selector }) => selector));
  return dkim.facts.filter((facts) => facts.domain === domain && made.has(facts.selector));
}

/** All selectors, with the keys as their files are now. */
async function listOperation({ dkim }: OperationsDeps, args: unknown): Promise<readonly DkimKeyFacts[]> {
  refuseArguments(args);
  await dkim.reload();
  return dkim.facts;
}

/** Removes a selector from the configuration; its key stays, for whoever needs it again. */
async function removeOperation(deps: OperationsDeps, args: unknown): Promise<RemovedSelector> {
  const given = new Arguments(args, ['domain', 'selector']);
  const { configuration, dkim, log } = deps;
  const domain = ownDomain(deps, given.text('domain')).ascii;
  const selector = given.text('selector').toLowerCase();
  const facts = dkim.facts.find((some) => some.domain === domain && some.selector === selector);
  if (facts === undefined) throw new OperationRefused(`${domain} has no selector ${selector}`);
  await changeDomains(configuration, (text) => removeDkimSelector(text, domain, selector));
  log.info('dkim.removed', { domain, selector });
  return { domain, selector, keyFile: facts.keyFile };
}

function checkedSelector(text: string): string {
  const selector = parseDomain(text, { allowUnderscore: true });
  if (selector.ok) return selector.value.ascii;
  throw new OperationRefused(`${text} cannot be a selector: ${selector.reason}`);
}

/** RFC 6376 §3.6.2.2: one key to a name, so two keys have two selectors. */
function wantedKeys(selector: string, algorithm: string): readonly NewKey[] {
  switch (algorithm) {
    case 'rsa':
      return [{ selector, algorithm: 'rsa-sha256' }];
    case 'ed25519':
      return [{ selector, algorithm: 'ed25519-sha256' }];
    case 'both':
      return [
        { selector: `${selector}-rsa`, algorithm: 'rsa-sha256' },
        { selector: `${selector}-ed25519`, algorithm: 'ed25519-sha256' },
      ];
    default:
      throw new OperationRefused('algorithm must be rsa, ed25519 or both');
  }
}

/** The year with the first letter that neither the configuration nor a file of an old key has: `2026a`. */
async function freeSelector(
  deps: OperationsDeps,
  domain: string,
  taken: ReadonlySet<string>,
  year: number,
): Promise<string> {
  for (const letter of 'abcdefghijklmnopqrstuvwxyz') {
    const selector = `${year}${letter}`;
    const forms = [selector, `${selector}-rsa`, `${selector}-ed25519`];
    if (forms.some((form) => taken.has(form))) continue;
    const found = await Promise.all(forms.map((form) => isThere(deps, domain, form)));
    if (!found.includes(true)) return selector;
  }
  throw new OperationRefused(`all selectors of ${year} are taken: name another one`);
}

function keyFileOf(domain: string, selector: string): string {
  return `dkim/${domain}/${selector}.pem`;
}

function pathOf({ configuration, files }: OperationsDeps, keyFile: string): string {
  return configuredPath(files, configuration.folder, keyFile);
}

async function isThere(deps: OperationsDeps, domain: string, selector: string): Promise<boolean> {
  const path = pathOf(deps, keyFileOf(domain, selector));
  return await refuseUnwritable(deps.configuration, async () => (await deps.files.facts(path)) !== null);
}

/** Files are made for their owner only. */
async function writeKey(deps: OperationsDeps, keyFile: string, pem: string): Promise<void> {
  const { files } = deps;
  const path = pathOf(deps, keyFile);
  const folder = files.parentOf(path);
  if (folder !== null) await files.ensureDirectory(folder);
  await files.write(path, new TextEncoder().encode(pem));
}
