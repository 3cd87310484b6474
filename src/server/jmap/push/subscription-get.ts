import { MethodError, writeUtcDate, type JsonObject } from '#lib/jmap';
import type { PushSubscription } from '#mail/push-subscriptions';
import { coreUri, type JmapMethod } from '#proto/jmap-server';
import { pushIds } from '../ids.ts';
import { idsOf, picked, propertiesOf, type MailContext } from '../mail-context.ts';

const properties = ['id', 'deviceClientId', 'verificationCode', 'expires', 'types'];
const secret = ['url', 'keys'];

/** PushSubscription/get (RFC 8620 §7.2.1): those that the same credentials have made. */
export const pushSubscriptionGet: JmapMethod<MailContext> = {
  name: 'PushSubscription/get',
  capability: coreUri,
  run: async (args, context) => {
    const wanted = idsOf(args, context);
    const names = propertiesOf(args, (name) => properties.includes(name) || secret.includes(name), properties);
    args.end();
    if (names.some((name) => secret.includes(name)))
      throw new MethodError('forbidden', 'url and keys are private to the device');
    const { account, identity, webPush } = context;
    const all = await webPush.list(account, identity);
    const byId = new Map(all.map((one) => [pushIds.write(one.id), objectOf(one)]));
    const ids = wanted ?? [...byId.keys()];
    return {
      list: ids.flatMap((id) => {
        const object = byId.get(id);
        return object === undefined ? [] : [picked(object, names)];
      }),
      notFound: ids.filter((id) => !byId.has(id)),
    };
  },
};

function objectOf({
  id,
  deviceClientId,
  verificationCode,
  isVerified,
  expiresMs,
  types,
}: PushSubscription): JsonObject {
  return {
    id: pushIds.write(id),
    deviceClientId,
    // Who has not received the code must not read it here.
    verificationCode: isVerified ? verificationCode : null,
    expires: writeUtcDate(expiresMs),
    types,
  };
}
