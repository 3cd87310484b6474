import type { AccountId, ModSeq } from '#lib/ids';
import { sql, type Reader, type Tx } from '#ports/database';
import type { Identity, IdentityProperties } from './identity.ts';

type Row = Omit<Identity, 'replyTo' | 'bcc' | 'isGone'> & {
  readonly replyTo: string | null;
  readonly bcc: string | null;
  readonly expunged: number;
};

/** Returns all identities of an account, those that are gone among them, in the order in which they were made. */
export async function allIdentities(reader: Reader, account: AccountId, limit: number): Promise<Identity[]> {
  const rows =
    await reader.all<Row>(sql`SELECT id, address, name, email, reply_to AS "replyTo", bcc, text_signature AS "textSignature",
    html_signature AS "htmlSignature", create_modseq AS "createModSeq", modseq AS "modSeq", expunged FROM identity
    WHERE account = ${account} ORDER BY id LIMIT ${limit}`);
  return rows.map(({ replyTo, bcc, expunged, ...row }) => ({
    ...row,
    // We wrote them ourselves.
    replyTo: replyTo === null ? null : (JSON.parse(replyTo) as Identity['replyTo']),
    bcc: bcc === null ? null : (JSON.parse(bcc) as Identity['bcc']),
    isGone: expunged !== 0,
  }));
}

/** Writes an identity. */
export async function insertIdentity(
  tx: Tx,
  account: AccountId,
  { id, address, email }: Pick<Identity, 'id' | 'address' | 'email'>,
  { name, replyTo, bcc, textSignature, htmlSignature }: IdentityProperties,
  modSeq: ModSeq,
): Promise<void> {
  await tx.run(sql`INSERT INTO identity (account, id, address, name, email, reply_to, bcc, text_signature, html_signature, create_modseq, modseq, expunged)
    VALUES (${account}, ${id}, ${address}, ${name}, ${email}, ${jsonOf(replyTo)}, ${jsonOf(bcc)}, ${textSignature}, ${htmlSignature}, ${modSeq}, ${modSeq}, 0)`);
}

/** Sets the properties of an identity. */
export async function updateIdentity(
  tx: Tx,
  account: AccountId,
  id: number,
  { name, replyTo, bcc, textSignature, htmlSignature }: IdentityProperties,
  modSeq: ModSeq,
): Promise<void> {
  await tx.run(sql`UPDATE identity SET name = ${name}, reply_to = ${jsonOf(replyTo)}, bcc = ${jsonOf(bcc)}, text_signature = ${textSignature},
    html_signature = ${htmlSignature}, modseq = ${modSeq} WHERE account = ${account} AND id = ${id}`);
}

/** Marks an identity as gone, and empties it. */
export async function expungeIdentity(tx: Tx, account: AccountId, id: number, modSeq: ModSeq): Promise<void> {
  await tx.run(sql`UPDATE identity SET expunged = 1, modseq = ${modSeq}, name = '', reply_to = NULL, bcc = NULL, text_signature = '',
    html_signature = '' WHERE account = ${account} AND id = ${id}`);
}

function jsonOf(addresses: IdentityProperties['bcc']): string | null {
  return addresses === null ? null : JSON.stringify(addresses);
}
