import { makeVapidKey, type VapidKey } from '#lib/web-push';
import type { PushSubscriptions } from '#mail/push-subscriptions';

/** Returns the key by which push services know this server, made at its first use and kept with the data (RFC 8292 §2): subscriptions depend on it. */
export async function loadVapidKey(store: PushSubscriptions): Promise<VapidKey> {
  const make = async (): Promise<Uint8Array> => new TextEncoder().encode(JSON.stringify(await makeVapidKey()));
  return JSON.parse(new TextDecoder().decode(await store.secret('vapid-key', make))) as VapidKey;
}
