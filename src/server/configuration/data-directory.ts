import type { Files } from '#host/files';
import { ConfigError, dataDirectoryOf, parseServerFile, type ConfigFile, type ConfigProblem } from '#mail/config';
import { configuredPath } from './configuration.ts';
import { readConfigFile, readTolerantly } from './config-files.ts';

/** A data directory, and the problems of the file that names it. */
export interface FoundDataDirectory {
  readonly dataDirectory: string;
  /** Of `server.yaml`, in the order of its lines; empty when a server would start with it. */
  readonly problems: readonly ConfigProblem[];
}

/**
 * Finds the data directory of a configuration folder, also when the rest of `server.yaml` is wrong: a server that was started before goes on with it.
 * @throws ConfigError when the file cannot be read at all, or names no folder.
 */
export async function findDataDirectory(files: Files, folder: string): Promise<FoundDataDirectory> {
  const found = (given: string, problems: readonly ConfigProblem[]): FoundDataDirectory => {
    return { dataDirectory: configuredPath(files, folder, given), problems };
  };
  let file: ConfigFile | null = null;
  try {
    file = await readConfigFile(files, folder, 'server');
    return found(parseServerFile(file).dataDirectory, []);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const readable = file ?? (await readTolerantly(files, folder, 'server'));
    const given = readable === null ? null : dataDirectoryOf(readable);
    if (given === null) throw error;
    return found(given, error.problems);
  }
}
