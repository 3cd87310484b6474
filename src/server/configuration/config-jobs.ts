import {
  ConfigError,
  editDomains,
  EditRefused,
  parseConfigFiles,
  parseServerFile,
  problemInFile,
  type ConfigFile,
  type ConfigProblem,
  type DomainsConfig,
  type DomainsEdit,
} from '#mail/config';
import { Secret } from '#lib/secret';

/** A problem of a setting whose place in the file has not been looked up. */
export interface SettingProblem {
  readonly path: readonly (string | number)[];
  readonly reason: string;
  readonly fix: string;
}

/** Work on the text of a configuration. For a thousand accounts each takes a tenth of a second or more, so a running server gives it to a thread. */
export type ConfigJob =
  /** Parses both files and checks them together. */
  | { readonly kind: 'read'; readonly server: ConfigFile; readonly domains: ConfigFile }
  /** Changes `domains.yaml`, and then does as `read`. */
  | { readonly kind: 'change'; readonly server: ConfigFile; readonly domains: ConfigFile; readonly edit: DomainsEdit }
  /** Compares two versions of `server.yaml` by what they say. */
  | { readonly kind: 'compare'; readonly before: ConfigFile; readonly now: ConfigFile }
  /** Looks up where settings are written. */
  | { readonly kind: 'locate'; readonly file: ConfigFile; readonly problems: readonly SettingProblem[] };

/** Answer to a `ConfigJob`: plain data, which a thread can send. */
export type ConfigAnswer =
  /** To `read` and `change`. */
  | { readonly kind: 'domains'; readonly domains: DomainsConfig; readonly text: string }
  /** To `compare`. */
  | { readonly kind: 'compared'; readonly saySame: boolean }
  /** To `locate`, and what `ConfigError` lists for the others. */
  | { readonly kind: 'problems'; readonly problems: readonly ConfigProblem[] }
  /** `EditRefused`. */
  | { readonly kind: 'refused'; readonly reason: string };

/** File of a thread that does these jobs, for `SingleJobs` of #host/workers. */
export const configThreadFile = new URL('./config-thread.ts', import.meta.url);

/** Does one job. Never throws for what is wrong with the text. */
export function doConfigJob(job: ConfigJob): ConfigAnswer {
  try {
    switch (job.kind) {
      case 'read':
        return read(job.server, job.domains);
      case 'change': {
        const { file, text } = job.domains;
        return read(job.server, { file, text: withLineEndsOf(text, editDomains(text, job.edit)) });
      }
      case 'compare':
        return { kind: 'compared', saySame: says(job.before) === says(job.now) };
      case 'locate': {
        const problems = job.problems.map(({ path, reason, fix }) => problemInFile(job.file, path, reason, fix));
        return { kind: 'problems', problems };
      }
    }
  } catch (error) {
    if (error instanceof ConfigError) return { kind: 'problems', problems: error.problems };
    if (error instanceof EditRefused) return { kind: 'refused', reason: error.message };
    throw error;
  }
}

function read(server: ConfigFile, domains: ConfigFile): ConfigAnswer {
  return { kind: 'domains', domains: parseConfigFiles(server, domains).domains, text: domains.text };
}

/** Windows' line ends where the text that was edited had them. */
function withLineEndsOf(before: string, after: string): string {
  return before.includes('\r\n') ? after.replaceAll(/\r?\n/g, '\r\n') : after;
}

/** Returns the settings as text, to be compared and forgotten: it contains secrets. The schema gives the settings one order. */
function says(server: ConfigFile): string {
  return JSON.stringify(parseServerFile(server), function revealed(this: Record<string, unknown>, key, value: unknown) {
    const own = this[key];
    return own instanceof Secret ? own.reveal() : value;
  });
}
