import {
  invalidArgument,
  MethodError,
  type Arguments,
  type JmapLimits,
  type JsonObject,
  type JsonValue,
} from '#lib/jmap';
import type { ModSeq } from '#lib/ids';
import type { Identity } from '#lib/sasl';
import type { Account } from '#mail/accounts';
import type { ContentMemory } from '#mail/content';
import type { Stories } from '#mail/story';
import type { Clock } from '#ports/clock';
import type { Random } from '#ports/random';
import type { WebPush } from './push/web-push.ts';
import type { Sending } from './sending.ts';
import type { Uploads } from './uploads.ts';

/** Account of the user who asks, with the limits of a request. */
export interface MailContext {
  readonly account: Account;
  readonly accountId: string;
  /** The login may change nothing. */
  readonly isReadOnly: boolean;
  readonly limits: JmapLimits;
  readonly uploads: Uploads;
  /** Memory that all messages on their way in share. */
  readonly memory: ContentMemory;
  readonly clock: Clock;
  readonly stories: Pick<Stories, 'ofEmail'>;
  readonly random: Random;
  /** Name of the server, for message identifiers. */
  readonly hostname: string;
  /** Bytes that the account may store; 0 without a limit. */
  readonly quotaBytes: number;
  /** Origin of the server as the client reaches it, such as `https://mail.example.org`. */
  readonly origin: string;
  /** The login. */
  readonly identity: Identity;
  readonly webPush: WebPush;
  /** Submission of messages, as this login may. */
  readonly sending: Sending;
}

/** Reads `accountId`. @throws MethodError accountNotFound for every account but the user's own. */
export function accountOf(args: Arguments, context: MailContext): Account {
  if (args.id('accountId') !== context.accountId)
    throw new MethodError('accountNotFound', 'the user has no account with this id');
  return context.account;
}

/** Returns the state of an account: all types of objects change in one log. */
export function writeState(modSeq: ModSeq): string {
  return String(modSeq);
}

/** Reads the argument `sinceState`. @throws MethodError cannotCalculateChanges for a state that the account did not have yet. */
export function readState(text: string, now: ModSeq): ModSeq {
  const modSeq = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(modSeq <= now)) throw new MethodError('cannotCalculateChanges', 'the account never had this state');
  return modSeq as ModSeq;
}

/** Reads the argument `ids` of a `/get` call; null for all. @throws MethodError requestTooLarge. */
export function idsOf(args: Arguments, { limits }: MailContext): readonly string[] | null {
  const ids = args.texts('ids', null);
  if (ids !== null && ids.length > limits.maxObjectsInGet)
    throw new MethodError('requestTooLarge', `at most ${limits.maxObjectsInGet} objects in one call`);
  return ids === null ? null : [...new Set(ids)];
}

/** Reads the argument `properties`; the id always belongs to it (RFC 8620 §5.1). @throws MethodError invalidArguments. */
export function propertiesOf(
  args: Arguments,
  isKnown: (name: string) => boolean,
  defaults: readonly string[],
): readonly string[] {
  return [...new Set(['id', ...askedPropertiesOf(args, isKnown, defaults)])];
}

/** Reads the argument `properties` of a call whose objects need no id. @throws MethodError invalidArguments. */
export function askedPropertiesOf(
  args: Arguments,
  isKnown: (name: string) => boolean,
  defaults: readonly string[],
): readonly string[] {
  const properties = args.texts('properties', null) ?? defaults;
  const unknown = properties.find((name) => !isKnown(name));
  if (unknown !== undefined) throw invalidArgument('properties', `there is no property ${unknown.slice(0, 100)}`);
  return [...new Set(properties)];
}

/** Returns the response of a `/get` call. */
export function getResponse(
  { accountId }: MailContext,
  state: string,
  list: readonly JsonValue[],
  notFound: readonly string[],
): JsonObject {
  return { accountId, state, list, notFound };
}

/** Returns an object with some of its properties. */
export function picked(object: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(
    names.flatMap((name) => (Object.hasOwn(object, name) ? [[name, object[name] ?? null]] : [])),
  );
}
