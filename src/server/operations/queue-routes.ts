import { z } from 'zod';
import { writeAddressDomain, type Address } from '#lib/address';
import { directName } from '#mail/config';
import type { Queue, Routing } from '#mail/queue';
import { decideRoute, describeDecision } from '#mail/routes';
import type { Log } from '#ports/log';
import type { Configuration } from '#server/configuration';
import { oneOf, OperationRefused, optionalText, text, wholeNumber } from './arguments.ts';
import { defineOperation } from './define-operation.ts';
import { addressNamed } from './named.ts';
import { changed } from './queue-change.ts';
import { namedFilter, namedFilterShape, type QueueFilterDeps } from './queue-filter.ts';
import type { RunningDeps } from './server-facts.ts';

interface ConfigurationDeps {
  readonly configuration: Configuration;
}

interface RouteChangeDeps extends QueueFilterDeps {
  readonly queue: Pick<Queue, 'find' | 'setTransport' | 'setTls'>;
  readonly log: Log;
}

const maxAttempt = 1001;

/** `queue.route`. */
export const queueRoute = defineOperation({
  name: 'queue.route',
  summary: 'Say where mail would go, and why',
  permission: 'operator',
  command: 'queue route',
  args: {
    sender: optionalText('Sender in the envelope; absent or empty for the null one.'),
    recipient: text('Address of the recipient.'),
    attempt: wholeNumber(1, maxAttempt, 'At this attempt; 1 when absent.').optional(),
    account: optionalText('Submitted by this account; when absent by the one whose address the sender is.'),
  },
  result: z.strictObject({
    account: z.string().nullable().describe('Account whose routes were asked, null for none.'),
    transport: z.string().nullable().describe('Name of the transport, null for none.'),
    lines: z.array(z.string()).readonly().describe('Destination and reason, then why each route before did not match.'),
    differences: z
      .array(z.string())
      .readonly()
      .describe('A line for each file that says something else than what is in force, by which this was found.'),
  }),
  run: async (
    { configuration, routing }: ConfigurationDeps & { readonly routing: Pick<Routing, 'table'> },
    { sender = '', recipient, attempt = 1, account: given },
  ) => {
    const { config, directory } = configuration;
    const senderDomain = sender === '' ? null : domainOf(addressNamed(sender));
    const recipientDomain = domainOf(addressNamed(recipient));
    const named = given?.toLowerCase();
    if (named !== undefined && !Object.hasOwn(config.domains.accounts, named)) {
      throw new OperationRefused(`no account ${named}`);
    }
    const account = named ?? (sender === '' ? null : directory.loginAccount(sender, addressNamed));
    const question = { account, senderDomain, recipientDomain, attempts: attempt - 1 };
    const decision = decideRoute(question, routing.table());
    const { target } = decision;
    const transport = target.kind === 'transport' || target.kind === 'missing' ? target.name : null;
    const differences = await configuration.differences();
    return { account, transport, lines: describeDecision(decision), differences };
  },
});

/** `queue.transport`. */
export const queueTransport = defineOperation({
  name: 'queue.transport',
  summary: 'Set the transport of recipients that wait',
  permission: 'operator',
  command: 'queue transport',
  args: {
    ...namedFilterShape,
    transport: optionalText('A transport of server.yaml, or direct; routes decide again when absent.'),
  },
  result: changed,
  run: async (deps: RouteChangeDeps & ConfigurationDeps, { transport: given, ...filter }) => {
    const transport = given ?? null;
    const names = [directName, ...Object.keys(deps.configuration.config.server.transports)];
    if (transport !== null && !names.includes(transport)) throw await noTransport(deps, transport, names);
    const count = await deps.queue.setTransport(await namedFilter(deps, filter), transport);
    deps.log.info('queue.transportSet', { count, transport });
    return { count };
  },
});

/** `queue.resume`. */
export const queueResume = defineOperation({
  name: 'queue.resume',
  summary: 'End the pause of a transport whose server refused the login, or of all',
  permission: 'operator',
  command: 'queue resume',
  args: { transport: optionalText('A transport of server.yaml; all that are paused when absent.') },
  result: z.strictObject({
    transports: z.array(z.string()).readonly().describe('Names of the transports whose pause ended.'),
  }),
  run: async (deps: ConfigurationDeps & RunningDeps, { transport: given }) => {
    const transport = given ?? null;
    const names = Object.keys(deps.configuration.config.server.transports);
    if (transport !== null && !names.includes(transport)) throw await noTransport(deps, transport, names);
    if (deps.running === null) throw new OperationRefused('no server runs; nothing is paused');
    return { transports: deps.running.resumeTransport(transport) };
  },
});

/** The refusal of a transport that is not in force; it may be in a file that was changed since. */
async function noTransport(
  { configuration }: ConfigurationDeps,
  given: string,
  names: readonly string[],
): Promise<OperationRefused> {
  const refusal = `no transport ${given}; there are ${names.join(', ') || 'none'}`;
  return new OperationRefused([refusal, ...(await configuration.differences())].join('\n'));
}

const demands = { yes: 'required', no: 'optional', default: null } as const;

/** `queue.requiretls`. */
export const queueRequireTls = defineOperation({
  name: 'queue.requiretls',
  summary: 'Set what recipients that wait demand of TLS',
  permission: 'operator',
  command: 'queue requiretls',
  args: {
    ...namedFilterShape,
    demand: oneOf(['yes', 'no', 'default'], 'yes: REQUIRETLS; no: as TLS-Required: No; default: as the sender wanted.'),
  },
  result: changed,
  run: async (deps: RouteChangeDeps, { demand, ...filter }) => {
    const count = await deps.queue.setTls(await namedFilter(deps, filter), demands[demand]);
    deps.log.info('queue.tlsSet', { count, demand });
    return { count };
  },
});

function domainOf({ domain }: Address): string {
  return writeAddressDomain(domain, 'ascii').toLowerCase();
}
