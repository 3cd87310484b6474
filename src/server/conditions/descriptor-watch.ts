import type { Clock } from '#ports/clock';
import type { ConditionSink } from '#ports/conditions';
import { ConditionError } from '#ports/conditions';
import { conditionLimits } from './limits.ts';

/** Arguments of `DescriptorWatch`. */
export interface DescriptorWatchDeps {
  /** Opens and closes a file; returns the condition that kept it from doing so, null when all is well. */
  readonly probe: () => unknown;
  readonly conditions: ConditionSink;
  readonly clock: Clock;
}

/**
 * Notes while there are no file descriptors. The event library closes connections that it has no descriptor for, with one that it keeps spare, and
 * reports nothing; they are accepted again by themselves as soon as there are descriptors.
 */
export class DescriptorWatch implements Disposable {
  readonly #deps: DescriptorWatchDeps;
  #timer: Disposable | null = null;

  constructor(deps: DescriptorWatchDeps) {
    this.#deps = deps;
    this.#arm();
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  #arm(): void {
    const { probe, conditions, clock } = this.#deps;
    this.#timer = clock.timer(conditionLimits.probeMs, () => {
      const found = probe();
      if (found instanceof ConditionError) conditions.note(found);
      this.#arm();
    });
  }
}
