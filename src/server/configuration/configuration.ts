import { errorCode, keepRights, type Files } from '#host/files';
import { Mutex } from '#lib/mutex';
import {
  ConfigError,
  configJsonSchema,
  formatProblem,
  parseConfigFiles,
  parseServerFile,
  problemInFile,
  type Config,
  type ConfigFile,
  type ServerConfig,
} from '#mail/config';
import { Directory } from '#mail/directory';
import type { Bus } from '#ports/bus';
import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import { readConfigFile, type ConfigFileName } from './config-files.ts';

const lookEveryMs = 1000;
const keptVersions = 100;
/** Codes of a file that the system keeps from this user. */
const closedCodes: ReadonlySet<string> = new Set(['EACCES', 'EPERM']);

/** Dependencies of the configuration. */
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
  /** Reads and changes: a look at the file must not put an older text in force over a change. */
  readonly #mutex = new Mutex();

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
    const { files, folder } = deps;
    const seen = await stamp(deps);
    const [server, domains] = [
      await readConfigFile(files, folder, 'server'),
      await readConfigFile(files, folder, 'domains'),
    ];
    return new Configuration(deps, snapshotOf(server, domains), seen);
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
      void this.#mutex
        .run(() => this.#look())
        .finally(() => {
          if (this.#timer !== null) this.watch();
        });
    });
  }

  /** Reads `domains.yaml` again. @returns what is wrong with it, a line each; it is logged as well. */
  reload(): Promise<string[]> {
    return this.#mutex.run(() => {
      this.#seen = '';
      return this.#look();
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
    return this.#mutex.run(async () => {
      const { files, folder, clock, bus, log } = this.#deps;
      await this.#reload();
      const { server, domains } = this.#snapshot;
      const next = snapshotOf(server, { ...domains, text: withLineEndsOf(domains.text, edit(domains.text)) });
      await files.ensureDirectory(files.join(folder, 'history'));
      const kept = files.join(
        folder,
        'history',
        `domains-${new Date(clock.now()).toISOString().replaceAll(/[:.]/g, '-')}.yaml`,
      );
      await files.write(kept, new TextEncoder().encode(domains.text));
      await keepRights(domains.file, () => files.write(domains.file, new TextEncoder().encode(next.domains.text)));
      this.#snapshot = next;
      bus.publish('config');
      // The change is made: what goes wrong from here on must not look as if it were not.
      try {
        this.#seen = await stamp(this.#deps);
        await this.#forgetOldVersions();
      } catch (error) {
        log.warn('config.historyNotCleared', { reason: String(error) });
      }
    });
  }

  /** Compares the files as they are now with what is in force. @returns lines for the operator; none when they say the same. */
  async differences(): Promise<readonly string[]> {
    const { server, domains, config } = this.#snapshot;
    return [
      ...(await this.#differenceOf('server', (file) => {
        // It is read once, so another text that says the same needs no restart.
        if (file.text === server.text || says(parseServerFile(file)) === says(config.server)) return null;
        return 'changed since the server started: restart it to put that in force';
      })),
      ...(await this.#differenceOf('domains', (file) => {
        if (file.text === domains.text) return null;
        parseConfigFiles(server, file);
        return 'changed a moment ago, and is in force within a second';
      })),
    ];
  }

  async #differenceOf(which: ConfigFileName, compare: (file: ConfigFile) => string | null): Promise<readonly string[]> {
    const { files, folder } = this.#deps;
    const path = files.join(folder, `${which}.yaml`);
    try {
      const difference = compare(await readConfigFile(files, folder, which));
      return difference === null ? [] : [`${path} ${difference}`];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      // Root reads server.yaml at the start, and may keep it for itself.
      const isClosed = which === 'server' && closedCodes.has(errorCode(error.cause) ?? '');
      if (isClosed) return [`${path} cannot be compared with what is in force: the user who serves may not read it`];
      return [
        ...error.problems.map(formatProblem),
        `${path} is wrong: the server keeps the settings that it had before`,
      ];
    }
  }

  /** The error for a setting of `server.yaml` that turned out not to work. */
  serverProblem(path: readonly (string | number)[], reason: string, fix: string): ConfigError {
    return new ConfigError([problemInFile(this.#snapshot.server, path, reason, fix)]);
  }

  /** The error for a setting of `domains.yaml` that turned out not to work. */
  domainsProblem(path: readonly (string | number)[], reason: string, fix: string): ConfigError {
    return new ConfigError([problemInFile(this.#snapshot.domains, path, reason, fix)]);
  }

  async #look(): Promise<string[]> {
    const { bus, log } = this.#deps;
    try {
      const seen = await stamp(this.#deps);
      if (seen === this.#seen) return [];
      this.#seen = seen;
      await this.#reload();
      log.info('config.reloaded');
      bus.publish('config');
      return [];
    } catch (error) {
      if (!(error instanceof ConfigError)) {
        log.error('config.unreadable', {}, error);
        return [error instanceof Error ? error.message : String(error)];
      }
      const lines = error.message.split('\n');
      for (const line of lines) log.error('config.refused', { problem: line });
      return lines;
    }
  }

  async #reload(): Promise<void> {
    const domains = await readConfigFile(this.#deps.files, this.#deps.folder, 'domains');
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

/** The settings as text: the schema gives them one order. */
function says(config: ServerConfig): string {
  return JSON.stringify(config);
}

function snapshotOf(server: ConfigFile, domains: ConfigFile): Snapshot {
  const config = parseConfigFiles(server, domains);
  return { config, directory: new Directory(config), server, domains };
}

/** Windows' line ends where the text that was edited had them. */
function withLineEndsOf(before: string, after: string): string {
  return before.includes('\r\n') ? after.replaceAll(/\r?\n/g, '\r\n') : after;
}

async function stamp({ files, folder }: ConfigurationDeps): Promise<string> {
  const facts = await files.facts(files.join(folder, 'domains.yaml'));
  return facts === null ? 'absent' : `${facts.modifiedMs} ${facts.sizeBytes}`;
}

/** A path of the configuration: relative ones count from the configuration's folder. */
export function configuredPath(files: Files, folder: string, path: string): string {
  return /^(?:[\\/]|[A-Za-z]:[\\/])/.test(path) ? path : files.join(folder, path);
}
