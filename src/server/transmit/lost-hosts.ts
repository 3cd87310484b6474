import type { Transmission } from '#mail/queue';
import type { HostAddress } from './host-addresses.ts';

/** Recipients that are remembered, the last ones. */
const maxRecipients = 10_000;

/**
 * Hosts at which attempts were lost: they fell silent with the whole message in hand, or took all the time there was. For the next attempt they go last.
 * In memory: after a restart the host is tried once more before the others.
 */
export class LostHosts {
  /** By recipient; who came last is last. */
  readonly #lost = new Map<number, HostAddress>();

  /** Records that an attempt was lost at a host. */
  note({ recipients }: Pick<Transmission, 'recipients'>, host: HostAddress): void {
    for (const { id } of recipients) {
      this.#lost.delete(id);
      this.#lost.set(id, host);
    }
    for (const id of this.#lost.keys()) {
      if (this.#lost.size <= maxRecipients) break;
      this.#lost.delete(id);
    }
  }

  /** Forgets what was recorded for recipients: there is an answer. */
  forget({ recipients }: Pick<Transmission, 'recipients'>): void {
    if (this.#lost.size === 0) return;
    for (const { id } of recipients) this.#lost.delete(id);
  }

  /** Returns the hosts in the order to try them. */
  inOrder({ recipients }: Pick<Transmission, 'recipients'>, hosts: readonly HostAddress[]): readonly HostAddress[] {
    if (this.#lost.size === 0 || hosts.length === 1) return hosts;
    const lost = recipients.flatMap(({ id }) => this.#lost.get(id) ?? []).at(0);
    if (lost === undefined) return hosts;
    // deviates: RFC 5321 §5.1 wants the order of preference; but another copy for the same host, time after time, brings the message no further.
    return hosts.toSorted((a, b) => likeness(a, lost) - likeness(b, lost));
  }
}

/** 0 for another host, 1 for another address of the same, 2 for the same address. */
function likeness(a: HostAddress, b: HostAddress): number {
  if (a.name !== b.name) return 0;
  return a.address === b.address ? 2 : 1;
}
