import type { Secret } from '#lib/secret';
import type { TransportConfig } from '#mail/config';
import type { DeliveryOutcome, RemoteHost, Transmission, Transmitter } from '#mail/queue';
import { plannedFailure } from './planned-failure.ts';

/** Fails recipients in the queue whose addresses ask for that, and leaves the others to the transmitter behind it. */
export class PlannedTransmitter implements Transmitter {
  readonly #transmitter: Transmitter;

  constructor(transmitter: Transmitter) {
    this.#transmitter = transmitter;
  }

  async transmit(transmission: Transmission): Promise<readonly DeliveryOutcome[]> {
    const planned = transmission.recipients.map(({ address }) => plannedOutcome(address.localpart));
    const recipients = transmission.recipients.filter((_, i) => planned[i] === null);
    const outcomes = recipients.length === 0 ? [] : await this.#transmitter.transmit({ ...transmission, recipients });
    let next = 0;
    return planned.map((outcome) => outcome ?? outcomes[next++] ?? deferred('no outcome', null));
  }

  async loginSecret(transport: TransportConfig): Promise<Secret | null> {
    return (await this.#transmitter.loginSecret?.(transport)) ?? null;
  }
}

/** Returns the outcome that a localpart asks for in the queue; null when it asks for none. */
function plannedOutcome(localpart: string): DeliveryOutcome | null {
  const failure = plannedFailure(localpart, 'queue');
  if (failure === null) return null;
  const remote: RemoteHost = { name: 'localhost', ip: null };
  if (failure.kind === 'timeout') return deferred('timeout asked for by the address', remote);
  const { code, enhanced, text } = failure;
  const reply = { code, enhanced, text };
  const reason = `${code} ${enhanced} ${text}`;
  return code < 500
    ? { kind: 'deferred', reason, reply, remote }
    : { kind: 'refused', reason, reply, status: enhanced, remote };
}

function deferred(reason: string, remote: RemoteHost | null): DeliveryOutcome {
  return { kind: 'deferred', reason, reply: null, remote };
}
