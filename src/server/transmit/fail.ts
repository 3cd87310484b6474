import type { DeliveryOutcome } from '#mail/queue';
import type { Transport } from './transport-deps.ts';

/** Returns the outcome of a `fail` transport: the operator's code and text are the reply. */
export function failedByTransport({ code, text }: Transport<'fail'>): DeliveryOutcome {
  const reply = { code, enhanced: null, text };
  const reason = `${code} ${text}`;
  if (code < 500) return { kind: 'deferred', reason, reply, remote: null };
  // RFC 3463 §3.8: x.7.1 is "delivery not authorized".
  return { kind: 'refused', reason, reply, status: '5.7.1', remote: null };
}
