import type { DeliveryOutcome, RemoteHost, RemoteReply, Transmission } from '#mail/queue';

/** What came of trying one place. */
export type Tried =
  | { readonly kind: 'done'; readonly outcomes: readonly DeliveryOutcome[] }
  /** Nothing was accepted or refused for good; another address may do better. */
  | { readonly kind: 'next'; readonly outcomes: readonly DeliveryOutcome[]; readonly wasTls: boolean };

/** The same for every recipient. */
export function forAll({ recipients }: Pick<Transmission, 'recipients'>, outcome: DeliveryOutcome): DeliveryOutcome[] {
  return recipients.map(() => outcome);
}

/** To be tried again. */
export function later(
  reason: string,
  remote: RemoteHost | null = null,
  reply: RemoteReply | null = null,
): DeliveryOutcome {
  return { kind: 'deferred', reason, reply, remote };
}

/** Nothing came of a place, for any recipient. */
export function next(transmission: Transmission, outcome: DeliveryOutcome, wasTls = false): Tried {
  return { kind: 'next', outcomes: forAll(transmission, outcome), wasTls };
}
