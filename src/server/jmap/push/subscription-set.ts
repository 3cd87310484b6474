import { parseBase64url } from '#lib/codecs';
import {
  invalidArgument,
  memberOf,
  SetError,
  isJsonObject,
  parseUtcDate,
  writeUtcDate,
  type JsonObject,
  type JsonValue,
} from '#lib/jmap';
import type { ModSeq } from '#lib/ids';
import { importReceiverKey } from '#lib/web-push';
import type { PushKeys, PushSubscription } from '#mail/push-subscriptions';
import { coreUri, type JmapMethod } from '#proto/jmap-server';
import { pushIds } from '../ids.ts';
import type { MailContext } from '../mail-context.ts';
import { resolvedId, setCallOf, SetResults } from '../set-call.ts';
import type { WantedSubscription } from './web-push.ts';

const settable = ['deviceClientId', 'url', 'keys', 'verificationCode', 'expires', 'types'];

/** PushSubscription/set (RFC 8620 §7.2.2). Logins that may only read mail subscribe as well: it changes no mail. */
export const pushSubscriptionSet: JmapMethod<MailContext> = {
  name: 'PushSubscription/set',
  capability: coreUri,
  run: async (args, context, { createdIds }) => {
    const call = setCallOf(args, { ...context, isReadOnly: false });
    args.end();
    if (call.ifInState !== null) throw invalidArgument('ifInState', 'push subscriptions have no state');
    const results = new SetResults();
    const attempt = async (
      kind: 'notCreated' | 'notUpdated' | 'notDestroyed',
      id: string,
      work: () => Promise<void>,
    ): Promise<void> => {
      try {
        await work();
      } catch (error) {
        results.refused(kind, id, error);
      }
    };
    for (const [creationId, object] of call.create)
      await attempt('notCreated', creationId, async () => {
        const created = await create(object, context);
        createdIds.set(creationId, created.id);
        results.created(creationId, created);
      });
    for (const [given, patch] of call.update)
      await attempt('notUpdated', given, async () => {
        const found = await find(resolvedId(given, createdIds), context);
        results.updated(pushIds.write(found.id), await update(found, patch, context));
      });
    for (const given of call.destroy)
      await attempt('notDestroyed', given, async () => {
        const { id } = await find(resolvedId(given, createdIds), context);
        await context.webPush.remove(id);
        results.destroyed(pushIds.write(id));
      });
    // RFC 8620 §7.2.2: neither accounts nor states.
    const {
      accountId: _account,
      oldState: _old,
      newState: _new,
      ...response
    } = results.response(context, 0 as ModSeq, 0 as ModSeq);
    return response;
  },
};

async function find(id: string | null, { account, identity, webPush }: MailContext): Promise<PushSubscription> {
  const row = pushIds.read(id ?? '');
  const found = (await webPush.list(account, identity)).find((one) => one.id === row);
  if (found === undefined) throw new SetError('notFound', 'these credentials have no such push subscription');
  return found;
}

async function create(object: JsonObject, context: MailContext): Promise<JsonObject & { readonly id: string }> {
  const { account, identity, webPush } = context;
  const unknown = Object.keys(object).filter((name) => !settable.includes(name));
  if (unknown.length > 0)
    throw invalid(
      unknown.map((name) => name.slice(0, 100)),
      'there is no such property',
    );
  if ((memberOf(object, 'verificationCode') ?? null) !== null)
    throw invalid(['verificationCode'], 'the server makes the code, and pushes it to the URL');
  const { expires, ...rest } = {
    expires: memberOf(object, 'expires') ?? null,
    types: memberOf(object, 'types') ?? null,
  };
  const wanted: WantedSubscription = {
    deviceClientId: deviceOf(memberOf(object, 'deviceClientId'), context),
    url: urlOf(memberOf(object, 'url'), context),
    keys: await keysOf(memberOf(object, 'keys') ?? null),
    expiresMs: expiryOf(expires, context),
    types: typesOf(rest.types, context),
  };
  const made = await webPush.create(account, identity, wanted);
  if (made === 'tooMany')
    throw new SetError('overQuota', `an account has at most ${webPush.limits.maxSubscriptions} push subscriptions`);
  if (made === 'tooOften') throw new SetError('rateLimit', 'too many push subscriptions were made within an hour');
  return {
    id: pushIds.write(made.id),
    ...(wanted.keys === null && { keys: null }),
    ...(rest.types === null && { types: null }),
    expires: writeUtcDate(made.expiresMs),
  };
}

/** @returns what is not as the client asked. */
async function update(before: PushSubscription, patch: JsonObject, context: MailContext): Promise<JsonObject | null> {
  const names = Object.keys(patch);
  const fixed = names.filter((name) => !['verificationCode', 'expires', 'types'].includes(name));
  if (fixed.length > 0)
    throw invalid(
      fixed.map((name) => name.slice(0, 100)),
      'clients cannot change these properties',
    );
  const code = memberOf(patch, 'verificationCode');
  if (code !== undefined && code !== before.verificationCode)
    throw invalid(['verificationCode'], 'this is not the code that was pushed');
  const expires = memberOf(patch, 'expires');
  const types = memberOf(patch, 'types');
  const after: PushSubscription = {
    ...before,
    isVerified: before.isVerified || code !== undefined,
    ...(expires !== undefined && { expiresMs: expiryOf(expires, context) }),
    ...(types !== undefined && { types: typesOf(types, context) }),
  };
  await context.webPush.update(after);
  const written = writeUtcDate(after.expiresMs);
  return expires === undefined || expires === written ? null : { expires: written };
}

function deviceOf(value: JsonValue | undefined, { webPush: { limits } }: MailContext): string {
  if (typeof value !== 'string' || value === '' || value.length > limits.maxDeviceIdLength)
    throw invalid(['deviceClientId'], `a string of at most ${limits.maxDeviceIdLength} characters is expected`);
  return value;
}

/** RFC 8620 §7.2: https only. To which addresses the name leads is looked at for each request. */
function urlOf(value: JsonValue | undefined, { webPush: { limits } }: MailContext): string {
  const text = typeof value === 'string' && value.length <= limits.maxUrlLength ? value : '';
  const url = text.startsWith('https://') ? URL.parse(text) : null;
  if (url === null || url.username !== '' || url.password !== '')
    throw invalid(['url'], `an https URL of at most ${limits.maxUrlLength} characters is expected`);
  return url.href;
}

async function keysOf(value: JsonValue): Promise<PushKeys | null> {
  if (value === null) return null;
  const [p256dh, auth] = isJsonObject(value) ? [bytesOf(value, 'p256dh'), bytesOf(value, 'auth')] : [null, null];
  const isPoint =
    p256dh !== null &&
    (await importReceiverKey(p256dh).then(
      () => true,
      () => false,
    ));
  if (!isPoint || auth?.length !== 16)
    throw invalid(['keys'], 'p256dh and auth are expected, as RFC 8291 has them, in base64url');
  return { p256dh, auth };
}

function bytesOf(object: JsonObject, name: string): Uint8Array | null {
  const text = memberOf(object, name);
  // Browsers leave the padding out, others do not.
  const bytes = typeof text === 'string' && text.length <= 200 ? parseBase64url(text.replace(/=+$/, '')) : null;
  return bytes?.ok === true ? bytes.value : null;
}

/** RFC 8620 §7.2: the server sets an expiry where there is none, and shortens one that is too far away. */
function expiryOf(value: JsonValue, { clock, identity, webPush: { limits } }: MailContext): number {
  const mostMs = Math.min(clock.now() + limits.maxLifetimeMs, identity.untilMs ?? Number.POSITIVE_INFINITY);
  if (value === null) return Math.floor(mostMs / 1000) * 1000;
  const ms = typeof value === 'string' ? parseUtcDate(value) : null;
  if (ms === null) throw invalid(['expires'], 'a UTC date or null is expected');
  return ms <= mostMs ? ms : Math.floor(mostMs / 1000) * 1000;
}

function typesOf(value: JsonValue, { webPush: { limits } }: MailContext): readonly string[] | null {
  if (value === null) return null;
  const isTypes = Array.isArray(value) && value.length <= limits.maxTypes;
  if (!isTypes || !value.every((type) => typeof type === 'string' && type.length <= 100))
    throw invalid(['types'], `at most ${limits.maxTypes} names of types, or null, are expected`);
  return value as readonly string[];
}

function invalid(properties: readonly string[], reason: string): SetError {
  return new SetError('invalidProperties', `${properties[0] ?? ''}: ${reason}`, properties);
}
