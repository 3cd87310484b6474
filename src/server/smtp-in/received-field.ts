import { writeReceived } from '#lib/message';
import type { SessionFacts, Transaction } from '#proto/smtp-server';

/** Facts of the Received field besides the session's. */
export interface ReceivedFacts {
  readonly hostname: string;
  /** The only recipient, null when there are several. */
  readonly recipient: string | null;
  readonly nowMs: number;
  /** The client is one of our users, whose address stays private. */
  readonly hideClient: boolean;
}

/** The Received field of a message (RFC 5321 §4.4), with CRLF. */
export function receivedField(facts: SessionFacts, transaction: Transaction, trace: ReceivedFacts): string {
  return writeReceived({
    from: trace.hideClient
      ? { helo: trace.hostname, ip: facts.local.address, reverseName: null }
      : { helo: facts.hello?.name ?? '', ip: facts.remote.address, reverseName: null },
    by: trace.hostname,
    with: protocolName(facts, transaction),
    id: facts.id,
    tls: facts.tls === null ? null : { protocol: facts.tls.protocol, cipher: facts.tls.cipher },
    for: trace.recipient,
    date: { ms: trace.nowMs, offsetMinutes: 0 },
  });
}

/** Registered names of RFC 3848 and RFC 6531 §4.3. */
function protocolName(facts: SessionFacts, transaction: Transaction): string {
  if (facts.hello?.verb === 'HELO') return 'SMTP';
  const base = transaction.parameters.smtputf8 ? 'UTF8SMTP' : 'ESMTP';
  return `${base}${facts.tls === null ? '' : 'S'}${facts.identity === null ? '' : 'A'}`;
}
