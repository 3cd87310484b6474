/** Part of an event of Node's test runner that is needed to count it. */
export interface EndedTest {
  /** A reason, or true, when it was skipped. */
  readonly skip?: string | boolean;
  /** `suite` for what `describe` makes; tests come without it or as `test`. */
  readonly details: { readonly type?: string | undefined };
}

/** Counts of a run. Suites are their tests; one that was skipped never makes them, so it counts as one skipped test. */
export class TestCounts {
  #passed = 0;
  #failed = 0;
  #skipped = 0;

  /** A test or suite that did not fail. */
  pass({ skip, details }: EndedTest): void {
    if (skip !== undefined && skip !== false) this.#skipped += 1;
    else if (details.type !== 'suite') this.#passed += 1;
  }

  /** A test or suite that failed. */
  fail(): void {
    this.#failed += 1;
  }

  /** `N passed, N failed, N skipped`. */
  toString(): string {
    return `${this.#passed} passed, ${this.#failed} failed, ${this.#skipped} skipped`;
  }
}
