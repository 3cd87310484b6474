import type { AccountId } from '#lib/ids';
import type { Clock } from '#ports/clock';
import { sql, type Database, type Reader } from '#ports/database';

/** Which new messages are held; each condition that is not null must hold. */
export interface HoldConditions {
  readonly account: AccountId | null;
  /** In ASCII; compared without regard to case. */
  readonly senderDomain: string | null;
  readonly recipientDomain: string | null;
}

/** A rule as it stands. */
export interface HoldRule extends HoldConditions {
  readonly id: number;
  /** For people. */
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
}

/** Each new message is compared with all of them. */
const maxRules = 1000;

/** The rules by which new messages start on hold. What was queued before is not theirs. */
export class HoldRules {
  readonly #deps: { readonly db: Database; readonly clock: Clock };

  constructor(deps: { readonly db: Database; readonly clock: Clock }) {
    this.#deps = deps;
  }

  /** @returns the new rule, or the one that is there with the same conditions. @throws RangeError without a condition, or after 1000 rules. */
  async add(conditions: HoldConditions, reason: string): Promise<HoldRule> {
    const { account } = conditions;
    const senderDomain = conditions.senderDomain?.toLowerCase() ?? null;
    const recipientDomain = conditions.recipientDomain?.toLowerCase() ?? null;
    if (account === null && senderDomain === null && recipientDomain === null) {
      throw new RangeError('a hold rule needs a condition');
    }
    const createdMs = this.#deps.clock.now();
    return await this.#deps.db.write(async (tx) => {
      const rules = await readHoldRules(tx);
      const same = rules.find(
        (rule) =>
          rule.account === account && rule.senderDomain === senderDomain && rule.recipientDomain === recipientDomain,
      );
      if (same !== undefined) return same;
      if (rules.length >= maxRules) throw new RangeError(`there are ${maxRules} hold rules already`);
      const row = await tx.get<{ id: number }>(sql`INSERT INTO queue_hold_rule
        (account, sender_domain, recipient_domain, reason, created_ms)
        VALUES (${account}, ${senderDomain}, ${recipientDomain}, ${reason}, ${createdMs}) RETURNING id`);
      if (row === undefined) throw new Error('INSERT without a row');
      return { id: row.id, account, senderDomain, recipientDomain, reason, createdMs };
    });
  }

  /** All rules, oldest first. */
  async list(): Promise<HoldRule[]> {
    return await this.#deps.db.read(readHoldRules);
  }

  /** Removes a rule; what it held stays on hold. @returns false when there is none with this id. */
  async remove(id: number): Promise<boolean> {
    return (
      (await this.#deps.db.write((tx) => tx.run(sql`DELETE FROM queue_hold_rule WHERE id = ${id}`), 'reserve')) > 0
    );
  }
}

/** All rules, oldest first. */
export async function readHoldRules(reader: Reader): Promise<HoldRule[]> {
  return await reader.all<HoldRule>(sql`SELECT id, account, sender_domain AS "senderDomain",
    recipient_domain AS "recipientDomain", reason, created_ms AS "createdMs" FROM queue_hold_rule ORDER BY id LIMIT ${maxRules}`);
}

/** The first rule that a recipient matches, null for none. Domains in lower case. */
export function holdRuleFor(
  rules: readonly HoldRule[],
  facts: { readonly account: AccountId | null; readonly senderDomain: string; readonly recipientDomain: string },
): HoldRule | null {
  const matches = (rule: HoldRule): boolean =>
    (rule.account === null || rule.account === facts.account) &&
    (rule.senderDomain === null || rule.senderDomain === facts.senderDomain) &&
    (rule.recipientDomain === null || rule.recipientDomain === facts.recipientDomain);
  return rules.find(matches) ?? null;
}
