import { writeAddress, type ForwardPath } from '#lib/address';
import { writeDeliveredTo, writeReceived, writeReturnPath } from '#lib/message';
import type { SessionFacts, Transaction } from '#proto/smtp-server';
import type { InboundTransaction } from './inbound-transaction.ts';

/** Trace fields of a message (RFC 5321 §4.4). */
export interface TraceFields {
  /** Bytes of those that all copies have. */
  readonly sizeBytes: number;
  /** Returns the header fields to put before the copy for a recipient. @param fields  More fields, each ending with CRLF. */
  readonly prefixFor: (address: ForwardPath, fields: string) => Uint8Array;
}

const encoder = new TextEncoder();

/** Writes the trace fields of an incoming message. @param nowMs  Milliseconds since 1970. */
export function traceFields(
  facts: SessionFacts,
  transaction: InboundTransaction,
  hostname: string,
  nowMs: number,
): TraceFields {
  const { from, recipients } = transaction;
  const [first, ...others] = recipients;
  const only = first === undefined || others.length > 0 ? null : recipientText(first.facts.address);
  const received = receivedField(facts, transaction, { hostname, recipient: only, nowMs, hideClient: false });
  const common = `${writeReturnPath(from === null ? '' : writeAddress(from, 'unicode'))}${received}`;
  return {
    sizeBytes: common.length,
    prefixFor: (address, fields) => encoder.encode(`${writeDeliveredTo(recipientText(address))}${common}${fields}`),
  };
}

/** Writes a recipient as trace fields and rows show it: the bare `postmaster`, or an address with its domain in Unicode. */
export function recipientText(recipient: ForwardPath): string {
  return recipient === 'postmaster' ? recipient : writeAddress(recipient, 'unicode');
}

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

/** Registered names of RFC 3848 and RFC 6531 §4.3; JMAP has none, and is HTTP. */
function protocolName(facts: SessionFacts, transaction: Transaction): string {
  if (facts.kind === 'jmap') return 'HTTP';
  if (facts.hello?.verb === 'HELO') return 'SMTP';
  const base = transaction.parameters.smtputf8 ? 'UTF8SMTP' : 'ESMTP';
  return `${base}${facts.tls === null ? '' : 'S'}${facts.identity === null ? '' : 'A'}`;
}
