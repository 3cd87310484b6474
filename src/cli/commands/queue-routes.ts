import { callServer } from '../connection.ts';
import { configFolder } from '../folder.ts';
import { reportChange } from '../queue-change.ts';
import { queueFilter, wholeNumber, type QueueOptions } from '../queue-filter.ts';
import { plain, print, printJson } from '../terminal.ts';

/** Says where mail would go, and why. @returns the exit code. */
export async function queueRoute(sender: string, recipient: string, options: QueueOptions): Promise<number> {
  const args = {
    sender: sender === '<>' ? '' : sender,
    recipient,
    attempt: wholeNumber('--attempt', options.attempt ?? '1'),
    account: options.account,
  };
  const shown = await callServer(configFolder(options), 'queue.route', args);
  if (options.json === true) {
    printJson(shown);
    return 0;
  }
  const [way = '', ...passedOver] = shown.lines.map(plain);
  const whose = shown.account === null ? 'no account' : `the account ${plain(shown.account)}`;
  print(`Mail of ${whose} goes ${way}`, ...passedOver.map((line) => `  ${line}`));
  // The answer is that of what runs, not of what the files say.
  if (shown.differences.length > 0) print('', ...shown.differences.map((line) => `Note: ${plain(line)}`));
  return 0;
}

/** Sets the transport of the recipients that match. @returns the exit code. @throws Error without a name and without --none, or with both. */
export async function queueTransport(name: string | undefined, options: QueueOptions): Promise<number> {
  if ((name === undefined) !== (options.none === true)) {
    throw new Error('name a transport, or write --none to let routes decide');
  }
  const args = { ...queueFilter(options), all: options.all, transport: name };
  const { count } = await callServer(configFolder(options), 'queue.transport', args);
  const way =
    name === undefined ? 'as routes say' : name === 'direct' ? 'to the hosts of each domain' : `by ${plain(name)}`;
  return reportChange(count, `to go ${way}`, options);
}

/** Sets what the recipients that match demand of TLS. @returns the exit code. */
export async function queueRequireTls(demand: 'yes' | 'no' | 'default', options: QueueOptions): Promise<number> {
  const args = { ...queueFilter(options), all: options.all, demand };
  const { count } = await callServer(configFolder(options), 'queue.requiretls', args);
  return reportChange(count, `to go ${demands[demand]}`, options);
}

/** Ends the pause of a transport, or of all. @returns the exit code: 1 when the one that is named is not paused. */
export async function queueResume(name: string | undefined, options: QueueOptions): Promise<number> {
  const { transports } = await callServer(configFolder(options), 'queue.resume', { transport: name });
  if (transports.length > 0) print(`Resumed ${transports.join(', ')}; mail that waited is tried now.`);
  else print(name === undefined ? 'No transport is paused.' : `${plain(name)} is not paused.`);
  return transports.length === 0 && name !== undefined ? 1 : 0;
}

const demands = {
  yes: 'with REQUIRETLS: by hosts that are verified and pass it on, or not at all',
  no: 'with TLS or without, whatever policies say',
  default: 'as the sender wanted',
} as const;
