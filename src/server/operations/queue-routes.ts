import { directName } from '#mail/config';
import { decideRoute, describeDecision } from '#mail/routes';
import { Arguments, OperationRefused } from './arguments.ts';
import { addressNamed } from './named.ts';
import type { OperationsDeps, OperationTable } from './operations.ts';
import { filterArguments, readFilter } from './queue-filter.ts';

/** Result of `queue.route`. */
export interface ShownRoute {
  /** Account whose routes were asked, null for none. */
  readonly account: string | null;
  /** Name of the transport, null for none. */
  readonly transport: string | null;
  /** Where to and why, then why each route before did not match. */
  readonly lines: readonly string[];
  /** A line for each file of the configuration that says something else than what is in force, by which this answer was found. */
  readonly differences: readonly string[];
}

/** Commands about the ways that mail takes, and what they must be like. */
export const queueRouteCommands: OperationTable = {
  'queue.route': routeOperation,
  'queue.transport': transportOperation,
  'queue.requiretls': requireTlsOperation,
  'queue.resume': resumeOperation,
};

const maxAttempt = 1001;

async function routeOperation(deps: OperationsDeps, args: unknown): Promise<ShownRoute> {
  const { config, directory } = deps.configuration;
  const given = new Arguments(args, ['sender', 'recipient', 'attempt', 'account']);
  const sender = given.optionalText('sender') ?? '';
  if (sender !== '') addressNamed(sender);
  const recipient = given.text('recipient');
  addressNamed(recipient);
  const attempt = given.optionalNumber('attempt', 1, maxAttempt) ?? 1;
  const named = given.optionalText('account')?.toLowerCase();
  if (named !== undefined && !Object.hasOwn(config.domains.accounts, named)) {
    throw new OperationRefused(`no account ${named}`);
  }
  const account = named ?? (sender === '' ? null : directory.loginAccount(sender, addressNamed));
  const recipientDomain = recipient.slice(recipient.lastIndexOf('@') + 1).toLowerCase();
  const question = { account, sender, recipientDomain, attempts: attempt - 1 };
  const decision = decideRoute(question, deps.routing.table());
  const { target } = decision;
  const transport = target.kind === 'transport' || target.kind === 'missing' ? target.name : null;
  const differences = await deps.configuration.differences();
  return { account, transport, lines: describeDecision(decision), differences };
}

async function transportOperation(deps: OperationsDeps, args: unknown): Promise<{ readonly count: number }> {
  const given = new Arguments(args, [...filterArguments, 'all', 'transport']);
  const transport = given.optionalText('transport') ?? null;
  const names = [directName, ...Object.keys(deps.configuration.config.server.transports)];
  if (transport !== null && !names.includes(transport)) {
    throw await noTransport(deps, transport, names);
  }
  const count = await deps.queue.setTransport(await readFilter(deps, given, 'must be named'), transport);
  deps.log.info('queue.transportSet', { count, transport });
  return { count };
}

/** Result of `queue.resume`. */
export interface Resumed {
  /** Names of the transports whose pause ended. */
  readonly transports: readonly string[];
}

async function resumeOperation(deps: OperationsDeps, args: unknown): Promise<Resumed> {
  const transport = new Arguments(args, ['transport']).optionalText('transport') ?? null;
  const names = Object.keys(deps.configuration.config.server.transports);
  if (transport !== null && !names.includes(transport)) {
    throw await noTransport(deps, transport, names);
  }
  if (deps.resumeTransport === undefined) throw new OperationRefused('no server runs; nothing is paused');
  return await Promise.resolve({ transports: deps.resumeTransport(transport) });
}

/** The refusal of a transport that is not in force; it may be in a file that was changed since. */
async function noTransport(
  { configuration }: OperationsDeps,
  given: string,
  names: readonly string[],
): Promise<OperationRefused> {
  const refusal = `no transport ${given}; there are ${names.join(', ') || 'none'}`;
  return new OperationRefused([refusal, ...(await configuration.differences())].join('\n'));
}

const demands: Readonly<Record<string, 'required' | 'optional' | null>> = {
  yes: 'required',
  no: 'optional',
  default: null,
};

async function requireTlsOperation(deps: OperationsDeps, args: unknown): Promise<{ readonly count: number }> {
  const given = new Arguments(args, [...filterArguments, 'all', 'demand']);
  const demand = given.text('demand');
  const tls = Object.hasOwn(demands, demand) ? demands[demand] : undefined;
  if (tls === undefined) throw new OperationRefused('demand must be yes, no or default');
  const count = await deps.queue.setTls(await readFilter(deps, given, 'must be named'), tls);
  deps.log.info('queue.tlsSet', { count, demand });
  return { count };
}
