import { sql, type Reader, type Tx } from '#ports/database';
import type { NewPushSubscription, PushSubscription } from './push-subscription.ts';

interface Row {
  readonly id: number;
  readonly account: string;
  readonly login: string;
  readonly proof: string | null;
  readonly untilMs: number | null;
  readonly deviceClientId: string;
  readonly url: string;
  readonly p256dh: Uint8Array | null;
  readonly auth: Uint8Array | null;
  readonly verificationCode: string;
  readonly isVerified: number;
  readonly expiresMs: number;
  readonly types: string | null;
  readonly pushed: string;
}

const columns = sql`s.id, a.name AS account, s.login, s.proof, s.until_ms AS "untilMs", s.device_client_id AS "deviceClientId", s.url, s.p256dh, s.auth,
  s.verification_code AS "verificationCode", s.is_verified AS "isVerified", s.expires_ms AS "expiresMs", s.types, s.pushed`;

function subscriptionOf(row: Row): PushSubscription {
  const { account, login, proof, untilMs, p256dh, auth, isVerified, types, ...rest } = row;
  return {
    ...rest,
    identity: { account, login, ...(proof !== null && { proof }), ...(untilMs !== null && { untilMs }) },
    keys: p256dh === null || auth === null ? null : { p256dh, auth },
    isVerified: isVerified !== 0,
    types: types === null ? null : (JSON.parse(types) as readonly string[]),
  };
}

/** Returns the subscriptions of an account, oldest first. */
export async function subscriptionsOf(reader: Reader, account: number): Promise<PushSubscription[]> {
  const rows = await reader.all<Row>(
    sql`SELECT ${columns} FROM push_subscription AS s JOIN account AS a ON a.id = s.account
      WHERE s.account = ${account} ORDER BY s.id`,
  );
  return rows.map(subscriptionOf);
}

/** Returns all subscriptions that were verified, some after `afterId`. */
export async function verifiedSubscriptions(
  reader: Reader,
  afterId: number,
  limit: number,
): Promise<PushSubscription[]> {
  const rows = await reader.all<Row>(
    sql`SELECT ${columns} FROM push_subscription AS s JOIN account AS a ON a.id = s.account
      WHERE s.id > ${afterId} AND s.is_verified = 1 ORDER BY s.id LIMIT ${limit}`,
  );
  return rows.map(subscriptionOf);
}

/** Adds a subscription that is not verified. @returns its id. */
export async function insertSubscription(tx: Tx, account: number, one: NewPushSubscription): Promise<number> {
  const { identity, deviceClientId, url, keys, verificationCode, expiresMs, types } = one;
  const { login, proof = null, untilMs = null } = identity;
  const row = await tx.get<{ readonly id: number }>(
    sql`INSERT INTO push_subscription (account, login, proof, until_ms, device_client_id, url, p256dh, auth, verification_code, is_verified,
      expires_ms, types, pushed) VALUES (${account}, ${login}, ${proof}, ${untilMs}, ${deviceClientId}, ${url}, ${keys?.p256dh ?? null},
      ${keys?.auth ?? null}, ${verificationCode}, 0, ${expiresMs}, ${types === null ? null : JSON.stringify(types)}, '') RETURNING id`,
  );
  if (row === undefined) throw new Error('the subscription has no id');
  return row.id;
}

/** Changes what a client may change. */
export async function updateSubscription(
  tx: Tx,
  id: number,
  { isVerified, expiresMs, types }: Pick<PushSubscription, 'isVerified' | 'expiresMs' | 'types'>,
): Promise<void> {
  await tx.run(
    sql`UPDATE push_subscription SET is_verified = ${isVerified ? 1 : 0}, expires_ms = ${expiresMs},
      types = ${types === null ? null : JSON.stringify(types)} WHERE id = ${id}`,
  );
}

/** Notes the states that were pushed. */
export async function putPushed(tx: Tx, id: number, pushed: string): Promise<void> {
  await tx.run(sql`UPDATE push_subscription SET pushed = ${pushed} WHERE id = ${id}`);
}

/** Removes a subscription with its URL and keys. */
export async function deleteSubscription(tx: Tx, id: number): Promise<void> {
  await tx.run(sql`DELETE FROM push_subscription WHERE id = ${id}`);
}

/** Returns the server's secret of a name; stores `fresh` as the secret at first use. */
export async function keptSecret(tx: Tx, name: string, fresh: Uint8Array): Promise<Uint8Array> {
  await tx.run(sql`INSERT INTO server_secret (name, value) VALUES (${name}, ${fresh}) ON CONFLICT DO NOTHING`);
  const row = await tx.get<{ value: Uint8Array }>(sql`SELECT value FROM server_secret WHERE name = ${name}`);
  return row?.value ?? fresh;
}
