import type { Files } from '#host/files';
import { ConfigError, parseConfigFiles, configJsonSchema, type Config, type ConfigFile } from '#mail/config';
import { Directory } from '#mail/directory';
import type { Bus } from '#ports/bus';
import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';

const maxFileBytes = 16 * 2 ** 20;
const lookEveryMs = 1000;
const keptVersions = 100;

/** What the configuration needs. */
export interface ConfigurationDeps {
  /** The folder of `server.yaml` and `domains.yaml`. */
  readonly folder: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly log: Log;
}

/** One consistent state of the configuration, with its lookups. */
interface Snapshot {
  readonly config: Config;
  readonly directory: Directory;
  readonly server: ConfigFile;
  readonly domains: ConfigFile;
}

/** The configuration in force. Publishes `config` on the bus when it changed. */
export class Configuration implements Disposable {
  readonly #deps: ConfigurationDeps;
  #snapshot: Snapshot;
  #seen: string;
  #timer: Disposable | null = null;
  #changes: Promise<unknown> = Promise.resolve();

  private constructor(deps: ConfigurationDeps, snapshot: Snapshot, seen: string) {
    this.#deps = deps;
    this.#snapshot = snapshot;
    this.#seen = seen;
  }

  /**
   * Reads and checks both files.
   * @throws ConfigError when one is missing or wrong.
   */
  static async open(deps: ConfigurationDeps): Promise<Configuration> {
    const seen = await stamp(deps);
    return new Configuration(deps, snapshotOf(await readFile(deps, 'server'), await readFile(deps, 'domains')), seen);
  }

  /** The folder that it was read from. */
  get folder(): string {
    return this.#deps.folder;
  }

  /** The configuration as it is now. Sessions keep the one they started with (invariant 10). */
  get config(): Config {
    return this.#snapshot.config;
  }

  /** Address lookups in the configuration as it is now. */
  get directory(): Directory {
    return this.#snapshot.directory;
  }

  /** Looks for edits every second until disposed. */
  watch(): void {
    this.#timer = this.#deps.clock.timer(lookEveryMs, () => {
      void this.#look().finally(() => {
        if (this.#timer !== null) this.watch();
      });
    });
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
  }

  /**
   * Changes `domains.yaml`: the result is checked as a whole, the previous version kept in `history/`, the file replaced at once, the change in force.
   * @throws what `edit` throws, or ConfigError when the result is wrong; nothing changed then.
   */
  changeDomains(edit: (text: string) => string): Promise<void> {
    const change = this.#changes.then(async () => {
      const { files, folder, clock, bus } = this.#deps;
      await this.#reload();
      const { server, domains } = this.#snapshot;
      const next = snapshotOf(server, { ...domains, text: edit(domains.text) });
      await files.ensureDirectory(files.join(folder, 'history'));
      const kept = files.join(
        folder,
        'history',
        `domains-${new Date(clock.now()).toISOString().replaceAll(/[:.]/g, '-')}.yaml`,
      );
      await files.write(kept, new TextEncoder().encode(domains.text));
      await files.write(domains.file, new TextEncoder().encode(next.domains.text));
      this.#snapshot = next;
      this.#seen = await stamp(this.#deps);
      bus.publish('config');
      await this.#forgetOldVersions();
    });
    this.#changes = change.catch(() => undefined);
    return change;
  }

  async #look(): Promise<void> {
    try {
      const seen = await stamp(this.#deps);
      if (seen === this.#seen) return;
      this.#seen = seen;
      await this.#reload();
      this.#deps.log.info('config.reloaded');
      this.#deps.bus.publish('config');
    } catch (error) {
      if (!(error instanceof ConfigError)) return this.#deps.log.error('config.unreadable', {}, error);
      for (const line of error.message.split('\n')) this.#deps.log.error('config.refused', { problem: line });
    }
    return undefined;
  }

  async #reload(): Promise<void> {
    const domains = await readFile(this.#deps, 'domains');
    // Settings of server.yaml need a restart: the one that this process started with stays in force.
    if (domains.text !== this.#snapshot.domains.text) this.#snapshot = snapshotOf(this.#snapshot.server, domains);
  }

  async #forgetOldVersions(): Promise<void> {
    const { files, folder } = this.#deps;
    const history = files.join(folder, 'history');
    const names = (await files.list(history)).map(({ name }) => name).toSorted();
    for (const name of names.slice(0, -keptVersions)) await files.remove(files.join(history, name));
  }
}

/** Writes the JSON Schemas beside the configuration, so that editors can complete and check it. */
export async function writeSchemas(files: Files, folder: string): Promise<void> {
  for (const which of ['server', 'domains'] as const) {
    const text = `${JSON.stringify(configJsonSchema(which), null, 2)}\n`;
    await files.write(files.join(folder, `${which}.schema.json`), new TextEncoder().encode(text));
  }
}

function snapshotOf(server: ConfigFile, domains: ConfigFile): Snapshot {
  const config = parseConfigFiles(server, domains);
  return { config, directory: new Directory(config), server, domains };
}

async function readFile({ files, folder }: ConfigurationDeps, which: 'server' | 'domains'): Promise<ConfigFile> {
  const file = files.join(folder, `${which}.yaml`);
  const bytes = await files.read(file, maxFileBytes);
  if (bytes !== null) return { file, text: new TextDecoder().decode(bytes) };
  const fix = `'godwit config example ${which}' prints one to start from`;
  throw new ConfigError([{ file, line: 1, column: 1, path: '', reason: 'there is no such file', fix }]);
}

async function stamp({ files, folder }: ConfigurationDeps): Promise<string> {
  const facts = await files.facts(files.join(folder, 'domains.yaml'));
  return facts === null ? 'absent' : `${facts.modifiedMs} ${facts.sizeBytes}`;
}

/** A path of the configuration: relative ones count from the configuration's folder. */
export function configuredPath(files: Files, folder: string, path: string): string {
  return /^(?:[\\/]|[A-Za-z]:[\\/])/.test(path) ? path : files.join(folder, path);
}
