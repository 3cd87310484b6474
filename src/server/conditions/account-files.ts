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

/** Limits of the work of `AccountFiles`. */
interface AccountFilesLimits {
  readonly accountsPerLook: number;
  readonly looksPerRound: number;
}

/** Notices databases of accounts that are removed while they are not open: a few accounts at each look, round and round. */
export class AccountFiles {
  readonly #deps: AccountFilesDeps;
  readonly #limits: AccountFilesLimits;
  #last: AccountId | 0 = 0;
  /** Looks since the round began that ended, or is not at its end yet. */
  #looks = 0;

  constructor(deps: AccountFilesDeps, limits: AccountFilesLimits = conditionLimits) {
    this.#deps = deps;
    this.#limits = limits;
  }

  /** Looks at the next `accountsPerLook` accounts, and notes each database that is missing; a round of all begins at most every `looksPerRound` looks. */
  async look(): Promise<void> {
    const { accountsAfter, missingFile, conditions } = this.#deps;
    const { accountsPerLook: limit, looksPerRound } = this.#limits;
    if (this.#last === 0 && this.#looks > 0 && this.#looks < looksPerRound) {
      this.#looks += 1;
      return;
    }
    this.#looks = this.#last === 0 ? 1 : this.#looks + 1;
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
