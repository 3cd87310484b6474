import type { Files } from '#host/files';
import { defaultRsaBits, keyRecordName, writeKeyRecord, type PrivateKey } from '#lib/dkim';
import { Mutex } from '#lib/mutex';
import { ConfigError, formatProblem, type Config } from '#mail/config';
import { selectorsOf, SigningPlan } from '#mail/dkim';
import type { Bus } from '#ports/bus';
import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import type { Configuration } from '#server/configuration';
import { readKeys, type KeyProblem } from './read-keys.ts';

/** Dependencies of the keys. */
export interface DkimKeysDeps {
  readonly configuration: Configuration;
  readonly files: Files;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
}

/** One selector, as people and DNS see it. */
export interface DkimKeyFacts {
  /** In ASCII. */
  readonly domain: string;
  readonly selector: string;
  readonly signs: boolean;
  readonly keyFile: string;
  /** Null while the key cannot be used. */
  readonly key: {
    readonly algorithm: PrivateKey['algorithm'];
    readonly bits: number;
    /** Name of the TXT record to publish. */
    readonly name: string;
    /** Its text in one piece. */
    readonly record: string;
  } | null;
}

const lookAgainMs = 30_000;

/** The DKIM keys of all domains, read once and again when the configuration changes. What cannot be used replaces nothing. */
export class DkimKeys implements Disposable {
  readonly #deps: DkimKeysDeps;
  #keys: ReadonlyMap<string, PrivateKey> = new Map();
  #plan: {
    readonly config: Config;
    readonly keys: ReadonlyMap<string, PrivateKey>;
    readonly plan: SigningPlan;
  } | null = null;
  #subscription: Disposable | null = null;
  #timer: Disposable | null = null;
  #problems: readonly string[] = [];
  readonly #mutex = new Mutex();

  constructor(deps: DkimKeysDeps) {
    this.#deps = deps;
  }

  /** Reads all keys, and goes on when the configuration changes until disposed. @throws ConfigError when a key cannot be used. */
  async start(): Promise<void> {
    const problems = await this.#read();
    const { configuration, bus, log } = this.#deps;
    if (problems.length > 0) {
      throw new ConfigError(await configuration.domainsProblems(problems));
    }
    this.#warnOfShortKeys();
    this.#subscription = bus.subscribe('config', () => {
      this.reload().catch((error: unknown) => log.error('dkim.reloadFailed', {}, error));
    });
  }

  [Symbol.dispose](): void {
    this.#subscription?.[Symbol.dispose]();
    this.#timer?.[Symbol.dispose]();
  }

  /** Problems of the keys since they were read last, a line each; keys that cannot be used are read again every 30 seconds. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Signing plan by the current configuration and keys. */
  get plan(): SigningPlan {
    const { config } = this.#deps.configuration;
    if (this.#plan === null || this.#plan.config !== config || this.#plan.keys !== this.#keys) {
      this.#plan = { config, keys: this.#keys, plan: new SigningPlan(config, this.#keys) };
    }
    return this.#plan.plan;
  }

  /** All selectors of the configuration, with what is to be published of them. */
  get facts(): readonly DkimKeyFacts[] {
    return selectorsOf(this.#deps.configuration.config).map(({ domain, selector, settings, signs }) => {
      const key = this.#keys.get(settings.keyFile);
      const names = { domain: domain.ascii, selector: selector.ascii, signs, keyFile: settings.keyFile };
      if (key === undefined) return { ...names, key: null };
      const { algorithm, bits, publicKey } = key;
      const keyType = algorithm === 'rsa-sha256' ? 'rsa' : 'ed25519';
      const name = keyRecordName(selector.ascii, domain.ascii);
      return { ...names, key: { algorithm, bits, name, record: writeKeyRecord({ keyType, publicKey }) } };
    });
  }

  /** Reads all keys again. @returns what is wrong with them, a line each, with file, line, column, reason and fix; it is logged as well. */
  async reload(): Promise<readonly string[]> {
    const problems = await this.#look();
    for (const problem of problems) this.#deps.log.error('dkim.keyRefused', { problem });
    this.#warnOfShortKeys();
    return problems;
  }

  /** Reads all keys, and again after a while when some cannot be used, so that one which becomes readable needs no restart. */
  async #look(): Promise<readonly string[]> {
    const { configuration } = this.#deps;
    const problems = await this.#read();
    const located = await configuration.domainsProblems(problems);
    this.#problems = located.map((problem, at) => {
      const keyFile = problems[at]?.keyFile ?? '';
      return `${formatProblem(problem)}. ${this.#keys.has(keyFile) ? 'The old key stays in use' : 'Mail that it is to sign is refused with 451 until then'}`;
    });
    this.#lookLater();
    return this.#problems;
  }

  #lookLater(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
    if (this.#problems.length === 0 || this.#subscription === null) return;
    const { clock, log } = this.#deps;
    this.#timer = clock.timer(lookAgainMs, () => {
      const before = this.#problems;
      this.#look().then(
        (now) => {
          for (const problem of before.filter((one) => !now.includes(one)))
            log.info('dkim.keyUsable', { was: problem });
          for (const problem of now.filter((one) => !before.includes(one))) log.error('dkim.keyRefused', { problem });
        },
        (error: unknown) => log.error('dkim.reloadFailed', {}, error),
      );
    });
  }

  /** Reads all keys, one reading after the other; those that cannot be used stay what they were. */
  #read(): Promise<readonly KeyProblem[]> {
    return this.#mutex.run(async () => {
      const { configuration, files } = this.#deps;
      const { keys, problems } = await readKeys(files, configuration.folder, configuration.config);
      const kept = new Map(keys);
      for (const { keyFile } of problems) {
        const old = this.#keys.get(keyFile);
        if (old !== undefined && !kept.has(keyFile)) kept.set(keyFile, old);
      }
      this.#keys = kept;
      return problems;
    });
  }

  #warnOfShortKeys(): void {
    for (const { domain, selector, signs, key } of this.facts) {
      if (!signs || key?.algorithm !== 'rsa-sha256' || key.bits >= defaultRsaBits) continue;
      this.#deps.log.warn('dkim.keyShort', {
        domain,
        selector,
        bits: key.bits,
        fix: "make another with 'godwit dkim add'",
      });
    }
  }
}
