import { controlEndpoint, ControlUnavailable } from '#host/control';
import { tryBinding } from '#host/net';
import { errorCode } from '#host/files';
import { formatProblem, problemInFile, type ConfigFile, type ConfigProblem, type ServerConfig } from '#mail/config';
import { callsAt } from './connection.ts';

/** The configuration whose ports are tried. */
interface ListenPlace {
  readonly config: ServerConfig;
  readonly server: ConfigFile;
  readonly dataDirectory: string;
}

/**
 * Tries every configured port, without listening on it: this machine must have the address, and this user must get the port. One that our own running server has
 * open is right.
 */
export async function listenProblems({ config, server, dataDirectory }: ListenPlace): Promise<ConfigProblem[]> {
  const { configuredPorts, portProblem } = await import('#server/assemble');
  const own = await portsOfServer(dataDirectory);
  const problems: ConfigProblem[] = [];
  for (const configured of configuredPorts(config)) {
    const { address, port } = configured;
    if (own.holds(port, address)) continue;
    const error = await tryBinding(address, port);
    // A development server takes the next free port.
    if (config.localserve && errorCode(error) === 'EADDRINUSE') continue;
    // Our server may hold the port at another address, such as 0.0.0.0.
    if (error === null || (errorCode(error) === 'EADDRINUSE' && own.holds(port))) continue;
    const { path, reason, fix } = portProblem(configured, error);
    const problem = problemInFile(server, path, reason, fix);
    // An address that is not on this machine is said once for all ports.
    if (!problems.some((known) => formatProblem(known) === formatProblem(problem))) problems.push(problem);
  }
  return problems;
}

/** Ports of the server that runs on a data directory. */
interface OwnPorts {
  /** Reports whether the server has a port open, at one address or at any. */
  readonly holds: (port: number, address?: string) => boolean;
}

async function portsOfServer(dataDirectory: string): Promise<OwnPorts> {
  try {
    const { server } = await callsAt(controlEndpoint(dataDirectory))('status', {});
    const open = server?.addresses ?? [];
    return {
      holds: (port, address) =>
        open.some((one) => one.port === port && (address === undefined || one.address === address)),
    };
  } catch (error) {
    if (error instanceof ControlUnavailable) return { holds: () => false };
    // One that starts or stops at this moment does not say which it has: it finds out by itself.
    return { holds: () => true };
  }
}
