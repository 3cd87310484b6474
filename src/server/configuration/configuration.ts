import { errorCode, keepRights, type Files } from '#host/files';
import { Mutex } from '#lib/mutex';
import {
  ConfigError,
  configJsonSchema,
  EditRefused,
  formatProblem,
  parseConfigFiles,
  problemInFile,
  type Config,
  type ConfigFile,
  type ConfigProblem,
  type DomainsEdit,
} from '#mail/config';
import { Directory } from '#mail/directory';
import type { Bus } from '#ports/bus';
import type { Clock } from '#ports/clock';
import type { EventLoop } from '#ports/event-loop';
import type { Log } from '#ports/log';
import { doConfigJob, type ConfigAnswer, type ConfigJob, type SettingProblem } from './config-jobs.ts';
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
  readonly loop: EventLoop;
  readonly log: Log;
  /** Does what takes long with a text, in a thread of its own where connections are served. Default: here and at once. */
  readonly work?: (job: ConfigJob) => Promise<ConfigAnswer>;
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
    const config = parseConfigFiles(server, domains);
    return new Configuration(deps, { config, directory: Directory.of(config), server, domains }, seen);
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
   * @returns the domains that are new.
   * @throws EditRefused when there is nothing to change or to add, or ConfigError when the result is wrong; nothing changed then.
   */
  changeDomains(edit: DomainsEdit): Promise<readonly string[]> {
    return this.#mutex.run(async () => {
      const { files, folder, clock, bus, log } = this.#deps;
      await this.#reload();
      const { config, server, domains } = this.#snapshot;
      const next = await this.#snapshotAfter({ kind: 'change', server, domains, edit });
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
      return Object.keys(next.config.domains.domains).filter((name) => !Object.hasOwn(config.domains.domains, name));
    });
  }

  /** Compares the files as they are now with what is in force. @returns lines for the operator; none when they say the same. */
  async differences(): Promise<readonly string[]> {
    const { server, domains } = this.#snapshot;
    return [
      ...(await this.#differenceOf('server', async (file) => {
        // It is read once, so another text that says the same needs no restart.
        if (file.text === server.text || (await this.#saySame(server, file))) return null;
        return 'changed since the server started: restart it to put that in force';
      })),
      ...(await this.#differenceOf('domains', async (file) => {
        if (file.text === domains.text) return null;
        await this.#work({ kind: 'read', server, domains: file });
        return 'changed a moment ago, and is in force within a second';
      })),
    ];
  }

  async #differenceOf(
    which: ConfigFileName,
    compare: (file: ConfigFile) => Promise<string | null>,
  ): Promise<readonly string[]> {
    const { files, folder } = this.#deps;
    const path = files.join(folder, `${which}.yaml`);
    try {
      const difference = await compare(await readConfigFile(files, folder, which));
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

  /** Returns the problems of settings of `domains.yaml` that turned out not to work, in the order given, with their places in the file. */
  async domainsProblems(problems: readonly SettingProblem[]): Promise<readonly ConfigProblem[]> {
    if (problems.length === 0) return [];
    const job: ConfigJob = { kind: 'locate', file: this.#snapshot.domains, problems };
    const answer = await (this.#deps.work ?? inPlace)(job);
    return answer.kind === 'problems' ? answer.problems : [];
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
    const { server } = this.#snapshot;
    if (domains.text !== this.#snapshot.domains.text)
      this.#snapshot = await this.#snapshotAfter({ kind: 'read', server, domains });
  }

  /** @throws ConfigError, EditRefused. */
  async #snapshotAfter(job: Extract<ConfigJob, { readonly kind: 'read' | 'change' }>): Promise<Snapshot> {
    const answer = await this.#work(job);
    if (answer.kind !== 'domains') throw new TypeError(`${job.kind} was answered with ${answer.kind}`);
    const config: Config = { server: this.#snapshot.config.server, domains: answer.domains };
    const domains = { ...job.domains, text: answer.text };
    return { config, directory: await Directory.build(config, this.#deps.loop), server: job.server, domains };
  }

  async #saySame(before: ConfigFile, now: ConfigFile): Promise<boolean> {
    const answer = await this.#work({ kind: 'compare', before, now });
    return answer.kind === 'compared' && answer.saySame;
  }

  /** Does a job. @throws ConfigError, EditRefused. */
  async #work(job: ConfigJob): Promise<ConfigAnswer> {
    const answer = await (this.#deps.work ?? inPlace)(job);
    if (answer.kind === 'problems') throw new ConfigError(answer.problems);
    if (answer.kind === 'refused') throw new EditRefused(answer.reason);
    return answer;
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

/** Does a job on the event loop, where no connections are served. */
function inPlace(job: ConfigJob): Promise<ConfigAnswer> {
  return Promise.resolve(doConfigJob(job));
}

async function stamp({ files, folder }: ConfigurationDeps): Promise<string> {
  const facts = await files.facts(files.join(folder, 'domains.yaml'));
  return facts === null ? 'absent' : `${facts.modifiedMs} ${facts.sizeBytes}`;
}

/** A path of the configuration: relative ones count from the configuration's folder. */
export function configuredPath(files: Files, folder: string, path: string): string {
  return /^(?:[\\/]|[A-Za-z]:[\\/])/.test(path) ? path : files.join(folder, path);
}
