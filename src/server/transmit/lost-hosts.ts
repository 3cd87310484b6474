import type { Transmission } from '#mail/queue';
import type { Hop } from './hops.ts';

/** Recipients that are remembered, the last ones. */
const maxRecipients = 10_000;

/**
 * Where attempts were lost: a host fell silent with the whole message in hand, or took all the time there was. For the next attempt it goes last.
 * In memory: whoever forgets it at a restart tries the host once more before the others.
 */
export class LostHosts {
  /** By recipient; who came last is last. */
  readonly #lost = new Map<number, Hop>();

  /** An attempt was lost at a place. */
  note({ recipients }: Pick<Transmission, 'recipients'>, hop: Hop): void {
    for (const { id } of recipients) {
      this.#lost.delete(id);
      this.#lost.set(id, hop);
    }
    for (const id of this.#lost.keys()) {
      if (this.#lost.size <= maxRecipients) break;
      this.#lost.delete(id);
    }
  }

  /** There is an answer. */
  forget({ recipients }: Pick<Transmission, 'recipients'>): void {
    if (this.#lost.size === 0) return;
    for (const { id } of recipients) this.#lost.delete(id);
  }

  /** The places in the order to try them. */
  inOrder({ recipients }: Pick<Transmission, 'recipients'>, hops: readonly Hop[]): readonly Hop[] {
    if (this.#lost.size === 0 || hops.length === 1) return hops;
    const lost = recipients.flatMap(({ id }) => this.#lost.get(id) ?? []).at(0);
    if (lost === undefined) return hops;
    // deviates: RFC 5321 §5.1 wants the order of preference; but another copy for the same host, time after time, brings the message no further.
    return hops.toSorted((a, b) => likeness(a, lost) - likeness(b, lost));
  }
}

/** 0 for another host, 1 for another address of the same, 2 for the same place. */
function likeness(a: Hop, b: Hop): number {
  if (a.name !== b.name) return 0;
  return a.address === b.address ? 2 : 1;
}
