import { keywordKey, sortedKeywords } from '#lib/flags';
import type { AccountId } from '#lib/ids';
import { sql, type Tx } from '#ports/database';
import { messageLimits } from './limits.ts';

/** Keywords as a row keeps them: sorted without case, each once, separated by spaces. */
export function keywordText(keywords: readonly string[]): string {
  return sortedKeywords(keywords).join(' ');
}

/**
 * Returns keywords in the spelling in which the account got each of them first (RFC 9051 §2.3.2 compares without case, but
 * mbsync and offlineimap know `$Forwarded` only with its capital), and remembers new ones, up to `messageLimits.maxSpellings`.
 */
export async function spelledKeywords(tx: Tx, account: AccountId, keywords: readonly string[]): Promise<string[]> {
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

/** Past the limit nothing is remembered: such keywords work, and keep the spelling of each change. */
async function remember(tx: Tx, account: AccountId, key: string, name: string): Promise<void> {
  const row = await tx.get<{ count: number }>(sql`SELECT count(*) AS count FROM keyword WHERE account = ${account}`);
  if (Number(row?.count) >= messageLimits.maxSpellings) return;
  await tx.run(sql`INSERT INTO keyword (account, folded, name) VALUES (${account}, ${key}, ${name})`);
}
