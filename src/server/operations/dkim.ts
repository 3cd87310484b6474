import { z } from 'zod';
import type { Files } from '#host/files';
import { generatePrivateKey, type SigningAlgorithm } from '#lib/dkim';
import { parseDomain } from '#lib/domain';
import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import { configuredPath, type Configuration } from '#server/configuration';
import type { DkimKeys } from '#server/dkim';
import { oneOf, OperationRefused, optionalText, text } from './arguments.ts';
import { changeDomains, refuseUnwritable } from './change-domains.ts';
import { defineOperation } from './define-operation.ts';
import { ownDomain } from './named.ts';

interface DkimDeps {
  readonly configuration: Configuration;
  readonly dkim: Pick<DkimKeys, 'facts' | 'reload'>;
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Log;
}

/** A key to be made. */
interface NewKey {
  readonly selector: string;
  readonly algorithm: SigningAlgorithm;
}

const keyFacts = z.strictObject({
  domain: z.string().describe('In ASCII.'),
  selector: z.string(),
  signs: z.boolean(),
  keyFile: z.string(),
  key: z
    .strictObject({
      algorithm: z.enum(['rsa-sha256', 'ed25519-sha256']),
      bits: z.number(),
      name: z.string().describe('Name of the TXT record to publish.'),
      record: z.string().describe('Its text in one piece.'),
    })
    .nullable()
    .describe('Null while the key cannot be used.'),
});

/** `dkim.add`. */
export const dkimAdd = defineOperation({
  name: 'dkim.add',
  summary: 'Make keys, which sign from now on, and give what is to be published of them',
  permission: 'operator',
  isExclusive: true,
  command: 'dkim add',
  args: {
    domain: text('Domain whose mail is to be signed.'),
    selector: optionalText('Name of the key in DNS; the year with a letter when absent.'),
    algorithm: oneOf(['rsa', 'ed25519', 'both'], 'Kind of key; rsa when absent, both for one of each.').optional(),
  },
  result: z.array(keyFacts).readonly(),
  run: async (deps: DkimDeps, given) => {
    const { configuration, dkim, clock, log } = deps;
    const domain = ownDomain(deps, given.domain).ascii;
    const taken = new Set(dkim.facts.filter((facts) => facts.domain === domain).map(({ selector }) => selector));
    const year = new Date(clock.now()).getUTCFullYear();
    const base = given.selector ?? (await freeSelector(deps, domain, taken, year));
    const wanted = wantedKeys(checkedSelector(base), given.algorithm ?? 'rsa');
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
        await changeDomains(configuration, { kind: 'addDkimSelector', domain, selector, keyFile });
      } catch (error) {
        await deps.files.remove(pathOf(deps, keyFile));
        throw error;
      }
      log.info('dkim.added', { domain, selector, algorithm });
    }
    await dkim.reload();
    const made = new Set(wanted.map(({ selector }) => selector));
    return dkim.facts.filter((facts) => facts.domain === domain && made.has(facts.selector));
  },
});

/** `dkim.list`. */
export const dkimList = defineOperation({
  name: 'dkim.list',
  summary: 'List all selectors, with the keys as their files are now',
  permission: 'operator',
  command: 'dkim list',
  args: {},
  result: z.array(keyFacts).readonly(),
  run: async ({ dkim }: Pick<DkimDeps, 'dkim'>) => {
    await dkim.reload();
    return dkim.facts;
  },
});

/** `dkim.remove`. */
export const dkimRemove = defineOperation({
  name: 'dkim.remove',
  summary: 'Stop signing with a key and forget it; its file stays, for those who need it again',
  permission: 'operator',
  isExclusive: true,
  command: 'dkim remove',
  args: { domain: text('Domain of the key.'), selector: text('Name of the key.') },
  result: z.strictObject({
    domain: z.string(),
    selector: z.string(),
    keyFile: z.string().describe('The file with the key, which stays.'),
  }),
  run: async (deps: DkimDeps, given) => {
    const { configuration, dkim, log } = deps;
    const domain = ownDomain(deps, given.domain).ascii;
    const selector = given.selector.toLowerCase();
    const facts = dkim.facts.find((some) => some.domain === domain && some.selector === selector);
    if (facts === undefined) throw new OperationRefused(`${domain} has no selector ${selector}`);
    await changeDomains(configuration, { kind: 'removeDkimSelector', domain, selector });
    log.info('dkim.removed', { domain, selector });
    return { domain, selector, keyFile: facts.keyFile };
  },
});

function checkedSelector(given: string): string {
  const selector = parseDomain(given, { allowUnderscore: true });
  if (selector.ok) return selector.value.ascii;
  throw new OperationRefused(`${given} cannot be a selector: ${selector.reason}`);
}

/** RFC 6376 §3.6.2.2: one key to a name, so two keys have two selectors. */
function wantedKeys(selector: string, algorithm: 'rsa' | 'ed25519' | 'both'): readonly NewKey[] {
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
  }
}

/** The year with the first letter that neither the configuration nor a file of an old key has: `2026a`. */
async function freeSelector(deps: DkimDeps, domain: string, taken: ReadonlySet<string>, year: number): Promise<string> {
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

function pathOf({ configuration, files }: DkimDeps, keyFile: string): string {
  return configuredPath(files, configuration.folder, keyFile);
}

async function isThere(deps: DkimDeps, domain: string, selector: string): Promise<boolean> {
  const path = pathOf(deps, keyFileOf(domain, selector));
  return await refuseUnwritable(deps.configuration, async () => (await deps.files.facts(path)) !== null);
}

/** Files are made for their owner only. */
async function writeKey(deps: DkimDeps, keyFile: string, pem: string): Promise<void> {
  const { files } = deps;
  const path = pathOf(deps, keyFile);
  const folder = files.parentOf(path);
  if (folder !== null) await files.ensureDirectory(folder);
  await files.write(path, new TextEncoder().encode(pem));
}
