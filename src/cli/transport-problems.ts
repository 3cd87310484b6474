import type { Files } from '#host/files';
import { problemInFile, type ConfigFile, type ConfigProblem, type ServerConfig } from '#mail/config';
import { TransportSecrets } from '#server/transmit';

/** Finds problems of the passwords, tokens, certificates and keys that transports name: missing, empty, or not readable by this user. */
export async function transportProblems(
  files: Files,
  folder: string,
  config: ServerConfig,
  server: ConfigFile,
): Promise<ConfigProblem[]> {
  const secrets = new TransportSecrets({ files, folder });
  const problems: ConfigProblem[] = [];
  for (const [name, transport] of Object.entries(config.transports)) {
    for (const { path, read } of secretFilesOf(transport)) {
      try {
        await read(secrets);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        const fix = 'Relative paths count from the folder of server.yaml; mail for this transport waits until then';
        problems.push(problemInFile(server, ['transports', name, ...path], reason, fix));
      }
    }
  }
  return problems;
}

/** Files with secrets of transports, and the settings that name them. */
export function secretsOfTransports({
  transports,
}: ServerConfig): { readonly path: readonly string[]; readonly file: string }[] {
  return Object.entries(transports).flatMap(([name, transport]) =>
    secretFilesOf(transport).map(({ path, file }) => ({ path: ['transports', name, ...path], file })),
  );
}

interface NamedSecret {
  readonly path: readonly string[];
  readonly file: string;
  /** Reads it as the transport does. */
  readonly read: (secrets: TransportSecrets) => Promise<unknown>;
}

function secretFilesOf(transport: ServerConfig['transports'][string]): readonly NamedSecret[] {
  const found: NamedSecret[] = [];
  const add = (file: string | undefined, path: readonly string[], read: Read): void => {
    if (file !== undefined) found.push({ path, file, read: (secrets) => read(secrets, file) });
  };
  switch (transport.kind) {
    case 'submissions':
    case 'submission':
    case 'smtp': {
      const { auth, clientCertificate, caFile } = transport;
      add(auth?.passwordFile, ['auth', 'passwordFile'], password);
      add(caFile, ['caFile'], (secrets, file) => secrets.certificates(file));
      add(auth?.tokenFile, ['auth', 'tokenFile'], (secrets, file) => secrets.token(file));
      for (const setting of ['certificateFile', 'keyFile'] as const)
        add(clientCertificate?.[setting], ['clientCertificate', setting], (secrets, file) => secrets.text(file));
      break;
    }
    case 'socks':
      add(transport.passwordFile, ['passwordFile'], password);
      break;
    case 'direct':
    case 'fail':
      break;
  }
  return found;
}

type Read = (secrets: TransportSecrets, file: string) => Promise<unknown>;

const password: Read = (secrets, passwordFile) => secrets.password({ passwordFile });
