import { errorCode, type Files } from '#host/files';
import { ConfigError, decodeConfigFile, fileTooLarge, wholeFile, type ConfigFile } from '#mail/config';

const maxFileBytes = 16 * 2 ** 20;

/** The two files of a configuration. */
export type ConfigFileName = 'server' | 'domains';

/** Reads `server.yaml` or `domains.yaml` of a folder. @throws ConfigError when it is not there, cannot be read, or is no text. */
export async function readConfigFile(files: Files, folder: string, which: ConfigFileName): Promise<ConfigFile> {
  const file = files.join(folder, `${which}.yaml`);
  return decodeConfigFile(file, await read(files, file, which));
}

/** Reads a file whose bytes need not be UTF-8: what is none becomes U+FFFD. @returns null when there is none, or it cannot be read. */
export async function readTolerantly(files: Files, folder: string, which: ConfigFileName): Promise<ConfigFile | null> {
  const file = files.join(folder, `${which}.yaml`);
  try {
    return { file, text: new TextDecoder('utf-8').decode(await read(files, file, which)) };
  } catch (error) {
    if (error instanceof ConfigError) return null;
    throw error;
  }
}

async function read(files: Files, file: string, which: ConfigFileName): Promise<Uint8Array> {
  let bytes: Uint8Array | null;
  try {
    bytes = await files.read(file, maxFileBytes);
  } catch (cause) {
    throw new ConfigError([whyUnreadable(file, cause)], { cause });
  }
  if (bytes !== null) return bytes;
  const fix =
    which === 'server'
      ? "Name its folder with --config; 'godwit localserve' makes one for developers, 'godwit config example' prints one"
      : "'godwit config example domains' prints one to start from";
  throw new ConfigError([wholeFile(file, 'there is no such file', fix)]);
}

/** @throws what is no trouble with the file. */
function whyUnreadable(file: string, error: unknown): ReturnType<typeof wholeFile> {
  if (error instanceof RangeError) return fileTooLarge(file);
  switch (errorCode(error)) {
    case 'EISDIR':
      return wholeFile(file, 'this is a folder', 'Put a file of that name there; --config names the folder around it');
    case 'ENOTDIR':
      return wholeFile(file, 'a part of this path is no folder', 'Name the folder of the file with --config');
    case 'EACCES':
    case 'EPERM':
      return wholeFile(
        file,
        'the file may not be read by this user',
        'Change its owner or mode, and those of the folders above it',
      );
    default:
      throw error;
  }
}
