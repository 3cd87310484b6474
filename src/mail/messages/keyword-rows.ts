import { keywordKey, sortedKeywords } from '#lib/flags';
import type { AccountId } from '#lib/ids';
import { MailboxRefusal } from '#mail/mailboxes';
import { sql, type Reader, type Tx } from '#ports/database';
import { messageLimits } from './limits.ts';

/** Keywords as a row keeps them: sorted without case, each once, separated by spaces. */
export function keywordText(keywords: readonly string[]): string {
  return sortedKeywords(keywords).join(' ');
}

/** As `keywordText`, for keywords that a message gets. @throws MailboxRefusal LIMIT when they are more than a message may have. */
export function newKeywordText(keywords: readonly string[]): string {
  const sorted = sortedKeywords(keywords);
  const { maxMessageKeywords } = messageLimits;
  if (sorted.length <= maxMessageKeywords) return sorted.join(' ');
  throw new MailboxRefusal('LIMIT', `a message may have ${maxMessageKeywords} keywords`);
}

/**
 * Returns keywords in the spelling in which the account got each of them first (RFC 9051 §2.3.2 compares without case, but
 * mbsync and offlineimap know `$Forwarded` only with its capital), and remembers new ones.
 * @throws MailboxRefusal LIMIT for keywords that are too long, and for new ones when the account has as many as it may.
 */
export async function spelledKeywords(tx: Tx, account: AccountId, keywords: readonly string[]): Promise<string[]> {
  const { maxKeywordChars } = messageLimits;
  if (keywords.some(({ length }) => length > maxKeywordChars)) {
    throw new MailboxRefusal('LIMIT', `keyword too long: the limit is ${maxKeywordChars} characters`);
  }
  const spelled: string[] = [];
  for (const keyword of keywords) {
    const key = keywordKey(keyword);
    const known = await tx.get<{ name: string }>(
      sql`SELECT name FROM keyword WHERE account = ${account} AND folded = ${key}`,
    );
    if (known === undefined) await remember(tx, account, key, keyword);
    spelled.push(known?.name ?? keyword);
  }
  return spelled;
}

/** Reports whether the account may have one more keyword. One index is looked at, and no further than the limit. */
export async function hasKeywordRoom(tx: Reader, account: AccountId): Promise<boolean> {
  const last = await tx.get(
    sql`SELECT folded FROM keyword WHERE account = ${account} ORDER BY folded LIMIT 1 OFFSET ${messageLimits.maxKeywords - 1}`,
  );
  return last === undefined;
}

async function remember(tx: Tx, account: AccountId, key: string, name: string): Promise<void> {
  const row = await tx.get<{ count: number }>(sql`SELECT count(*) AS count FROM keyword WHERE account = ${account}`);
  const { maxKeywords } = messageLimits;
  if (Number(row?.count) >= maxKeywords)
    throw new MailboxRefusal('LIMIT', `too many different keywords in the account: the limit is ${maxKeywords}`);
  await tx.run(sql`INSERT INTO keyword (account, folded, name) VALUES (${account}, ${key}, ${name})`);
}
