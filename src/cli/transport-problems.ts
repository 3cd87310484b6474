import type { Files } from '#host/files';
import { problemInFile, type ConfigFile, type ConfigProblem, type ServerConfig } from '#mail/config';
import { TransportSecrets } from '#server/transmit';

/** What is wrong with the passwords, tokens, certificates and keys that transports name: missing, empty, or not to be read by this user. */
export async function transportProblems(
  files: Files,
  folder: string,
  config: ServerConfig,
  server: ConfigFile,
): Promise<ConfigProblem[]> {
  const secrets = new TransportSecrets({ files, folder });
  const problems: ConfigProblem[] = [];
  for (const [name, transport] of Object.entries(config.transports)) {
    for (const { path, read } of secretsOf(transport, secrets)) {
      try {
        await read();
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        const fix = 'Relative paths count from the folder of server.yaml; mail for this transport waits until then';
        problems.push(problemInFile(server, ['transports', name, ...path], reason, fix));
      }
    }
  }
  return problems;
}

interface NamedSecret {
  readonly path: readonly string[];
  readonly read: () => Promise<unknown>;
}

function secretsOf(transport: ServerConfig['transports'][string], secrets: TransportSecrets): readonly NamedSecret[] {
  const found: NamedSecret[] = [];
  const add = (file: string | undefined, path: readonly string[], read: (file: string) => Promise<unknown>): void => {
    if (file !== undefined) found.push({ path, read: () => read(file) });
  };
  const password = (passwordFile: string): Promise<unknown> => secrets.password({ passwordFile });
  switch (transport.kind) {
    case 'submissions':
    case 'submission':
    case 'smtp': {
      const { auth, clientCertificate, caFile } = transport;
      add(auth?.passwordFile, ['auth', 'passwordFile'], password);
      add(caFile, ['caFile'], (file) => secrets.certificates(file));
      add(auth?.tokenFile, ['auth', 'tokenFile'], (file) => secrets.token(file));
      for (const setting of ['certificateFile', 'keyFile'] as const)
        add(clientCertificate?.[setting], ['clientCertificate', setting], (file) => secrets.text(file));
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
