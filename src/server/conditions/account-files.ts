import type { AccountId } from '#lib/ids';
import { ConditionError, type ConditionSink } from '#ports/conditions';
import { conditionLimits } from './limits.ts';

/** Arguments of `AccountFiles`. */
export interface AccountFilesDeps {
  /** Returns the next accounts whose databases must be there, ascending, after one of them (0: from the first). */
  readonly accountsAfter: (id: AccountId | 0, limit: number) => Promise<readonly AccountId[]>;
  /** Returns where the database of an account should be when it is not there; null when it is, or is open. */
  readonly missingFile: (id: AccountId) => Promise<string | null>;
  readonly conditions: ConditionSink;
}

/** Notices databases of accounts that are removed while they are not open: a few accounts at each look, round and round. */
export class AccountFiles {
  readonly #deps: AccountFilesDeps;
  #last: AccountId | 0 = 0;

  constructor(deps: AccountFilesDeps) {
    this.#deps = deps;
  }

  /** Looks at the next `conditionLimits.accountsPerLook` accounts, and notes each database that is missing. */
  async look(): Promise<void> {
    const { accountsAfter, missingFile, conditions } = this.#deps;
    const limit = conditionLimits.accountsPerLook;
    const ids = await accountsAfter(this.#last, limit);
    for (const id of ids) {
      const path = await missingFile(id);
      if (path === null) continue;
      // An account that an operator has just removed is not missing.
      const [next] = await accountsAfter((id - 1) as AccountId | 0, 1);
      if (next === id) conditions.note(new ConditionError('fileRemoved', path));
    }
    this.#last = ids.length < limit ? 0 : (ids.at(-1) ?? 0);
  }
}
