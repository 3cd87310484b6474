import type { ArgumentsOf } from '#server/operations';
import type { FolderOptions } from './program-options.ts';

/** Options of the commands about the queue; most say which recipients are meant. */
export interface QueueOptions extends FolderOptions {
  readonly id?: readonly string[];
  readonly message?: string;
  readonly account?: string;
  readonly from?: string;
  readonly to?: string;
  readonly domain?: string;
  readonly state?: QueueFilter['states'];
  readonly held?: boolean;
  readonly olderThan?: string;
  readonly all?: boolean;
  readonly reason?: string;
  readonly limit?: string;
  readonly attempt?: string;
  readonly none?: boolean;
  readonly verbose?: boolean;
  readonly json?: boolean;
  readonly yes?: boolean;
}

/** The filter arguments of `queue.…` operations. */
type QueueFilter = Omit<ArgumentsOf<'queue.list'>, 'limit' | 'after'>;

const ageUnits: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The filter arguments of `queue.…` operations, from options; a condition that is not given is undefined. @throws Error in words for people. */
export function queueFilter(options: QueueOptions): QueueFilter {
  return {
    ids: options.id?.map((id) => queueName('--id', id)),
    message: options.message === undefined ? undefined : wholeNumber('--message', options.message),
    account: options.account,
    sender: options.from === '<>' ? '' : options.from,
    recipient: options.to,
    domain: options.domain,
    states: options.state,
    hold: options.held,
    olderThanMs: options.olderThan === undefined ? undefined : age('--older-than', options.olderThan),
  };
}

/** Reports whether options name recipients by any condition. */
export function namesRecipients(options: QueueOptions): boolean {
  return Object.values(queueFilter(options)).some((value) => value !== undefined);
}

/** Name of a message, such as 76, or of one recipient, such as 76.1. @throws Error naming the option. */
export function queueName(name: string, text: string): string {
  if (/^[1-9]\d{0,14}(?:\.[1-9]\d{0,8})?$/.test(text)) return text;
  throw new Error(`${name} ${text}: write 76 for a message, 76.1 for its first recipient`);
}

/** A whole number above 0. @throws Error naming the option. */
export function wholeNumber(name: string, text: string): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (value === 0) throw new Error(`${name} ${text}: give a whole number above 0`);
  return value;
}

/** An age in milliseconds. @throws Error naming the option. */
export function age(name: string, text: string): number {
  const [, amount, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const factor = ageUnits[unit];
  if (factor === undefined) throw new Error(`${name} ${text}: write an age such as 30m, 4h or 2d`);
  return Number(amount) * factor;
}
