import { Files, nodeFileSystem, type FileReader } from '#host/files';
import type { ServerConfig } from '#mail/config';
import { configuredPath } from '#server/configuration';

/**
 * Files that remember those which only root may read, `server.yaml` and the TLS keys, so that they can be opened after privileges were dropped.
 * A file that is missing or cannot be read is left to whoever needs it to complain about.
 */
export async function keepSecretFiles(folder: string, config: ServerConfig): Promise<Files> {
  const plain = new Files();
  const paths = [plain.join(folder, 'server.yaml')];
  for (const { tls } of Object.values(config.listeners)) {
    if (tls === undefined) continue;
    for (const file of [tls.certificateFile, tls.keyFile]) paths.push(configuredPath(plain, folder, file));
  }
  const kept = new Map<string, Uint8Array>();
  for (const path of paths) {
    const bytes = await plain.read(path).catch(() => null);
    if (bytes !== null) kept.set(path, bytes);
  }
  return new Files({
    system: {
      ...nodeFileSystem,
      open: async (path) => {
        const bytes = kept.get(path);
        return bytes === undefined ? await nodeFileSystem.open(path) : readerOf(bytes);
      },
    },
  });
}

function readerOf(bytes: Uint8Array): FileReader {
  const close = async (): Promise<void> => undefined;
  return {
    sizeBytes: bytes.length,
    bytes: async (start, end) => bytes.slice(start, end),
    close,
    [Symbol.asyncDispose]: close,
  };
}
