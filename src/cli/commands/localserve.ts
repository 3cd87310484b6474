import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join, resolve } from 'node:path';
import { Files } from '#host/files';
import type { LogLevel } from '#host/log';
import type { RunningServer, Services } from '#server/assemble';
import { localAccount, renewCertificate, setUpLocalserve } from '#server/localserve';
import { readPlace, withServices } from '../connection.ts';
import { localserveFolder } from '../folder.ts';
import { welcome } from '../localserve-welcome.ts';
import { runServer, serverLog } from '../run-server.ts';
import { requireSetup } from '../setup-problems.ts';
import { print } from '../terminal.ts';

/** Options of `localserve`. */
interface LocalserveCommandOptions {
  readonly dir?: string;
  readonly ip?: readonly string[];
  readonly initOnly?: boolean;
  readonly logLevel?: LogLevel;
  readonly readyFile?: string;
}

/** Runs a mail server for developers; sets it up first when its folder is new. @returns the exit code. */
export async function localserve(options: LocalserveCommandOptions): Promise<number> {
  const folder = options.dir === undefined ? localserveFolder() : resolve(options.dir);
  const wrong = options.ip?.find((ip) => isIP(ip) === 0);
  if (wrong !== undefined) throw new Error(`--ip ${wrong} is not an IP address`);
  const files = new Files();
  const nowMs = Date.now();
  const isNew = await setUpLocalserve({ files, folder, addresses: options.ip ?? loopbackAddresses(), nowMs });
  if (isNew) print(`Wrote a new configuration to ${folder}.`);
  else if (options.ip !== undefined)
    print(`--ip is for the first start only: change listeners in ${join(folder, 'server.yaml')}.`);
  if (!isNew && (await renewCertificate({ files, folder, nowMs }))) {
    print('The certificate had expired or was missing: made a new one, localhost.crt.');
  }
  const place = await readPlace(folder, files);
  const log = serverLog(place.config, options.logLevel);
  if (options.initOnly === true) {
    await withServices(place, log, ensureAccount);
    log.flush();
    const { program, option } = commandName(options.dir);
    print(`Start the server with: ${program} localserve${option}`);
    return 0;
  }
  // Other ports take the place of those in use, and what else is wrong with one reaches `status --wait` only from a server that starts.
  await requireSetup(folder, 'leave');
  const onReady = async ({ addresses }: RunningServer): Promise<void> => {
    print(...welcome({ addresses, folder, dataDirectory: place.dataDirectory, ...commandName(options.dir) }));
  };
  // A client that connects as soon as a port is open can log in.
  const prepare = ensureAccount;
  const readyFile = options.readyFile === undefined ? undefined : resolve(options.readyFile);
  return await runServer({ folder, files, log, prepare, onReady, ...(readyFile !== undefined && { readyFile }) });
}

/** Gives the account of the first start its password, unless it has one or was removed. */
async function ensureAccount({ accounts, configuration, credentials }: Services): Promise<void> {
  const { name, password } = localAccount;
  if (configuration.config.domains.accounts[name] === undefined || (await credentials.hasPassword(name))) return;
  if ((await accounts.open(name)) === null) await accounts.create(name);
  await credentials.setPassword(name, password);
}

/** 127.0.0.1, and ::1 where the machine has it. */
function loopbackAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return ['127.0.0.1', ...(all.some(({ address }) => address === '::1') ? ['::1'] : [])];
}

/** The way to call this program again: npm does not put it on the path. */
function commandName(dir: string | undefined): { readonly program: string; readonly option: string } {
  const program = process.env['npm_command'] === undefined ? 'godwit' : 'npx godwit';
  if (dir === undefined) return { program, option: '' };
  return { program, option: ` --dir ${/\s/.test(dir) ? `"${dir}"` : dir}` };
}
