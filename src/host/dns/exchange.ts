import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { decodeMessage, encodeQuery, type DnsMessage, type Query } from '#lib/dns';
import type { Clock } from '#ports/clock';
import type { NameServer } from './settings.ts';

/** Result of asking one server once. */
export type Exchange =
  | { readonly kind: 'response'; readonly message: DnsMessage }
  | { readonly kind: 'timeout' }
  /** The server cannot be reached: connection refused or no route. */
  | { readonly kind: 'unreachable' };

/** Arguments of one exchange. `query` is known to be encodable. */
interface ExchangeArgs {
  readonly server: NameServer;
  readonly query: Query;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const maxStrays = 100;

/**
 * Sends a query over UDP from a port that the system chooses at random, and again over TCP when the answer is truncated (RFC 7766 §5)
 * or differs from our question in case. Answers with another id or question are ignored (RFC 5452 §9.1).
 */
export async function exchange(args: ExchangeArgs): Promise<Exchange> {
  const wire = encodeQuery(args.query);
  if (wire === null) return { kind: 'unreachable' };
  const startMs = args.clock.monotonic();
  const first = await overUdp(args, wire);
  if (first.kind !== 'retryTcp') return first;
  const leftMs = args.timeoutMs - (args.clock.monotonic() - startMs);
  return leftMs <= 0 ? { kind: 'timeout' } : await overTcp({ ...args, timeoutMs: leftMs }, wire);
}

function overUdp(args: ExchangeArgs, wire: Uint8Array): Promise<Exchange | { readonly kind: 'retryTcp' }> {
  const { server, clock, signal, timeoutMs } = args;
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(server.address.replace(/%.*$/, '')) ? 'udp6' : 'udp4');
    let strays = 0;
    const end = (result: Exchange | { readonly kind: 'retryTcp' }): void => {
      timer[Symbol.dispose]();
      signal.removeEventListener('abort', onAbort);
      // Remove only our own listeners: a socket that is still being bound needs the others to close.
      socket.removeAllListeners('message').removeAllListeners('error');
      socket.on('error', () => undefined);
      socket.close();
      resolve(result);
    };
    const onAbort = (): void => end({ kind: 'timeout' });
    const timer = clock.timer(timeoutMs, onAbort);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', () => end({ kind: 'unreachable' }));
    socket.on('message', (bytes) => {
      const decoded = decodeMessage(bytes);
      const match = decoded.ok ? answers(decoded.value, wire) : 'no';
      if (decoded.ok && match === 'exact' && !decoded.value.isTruncated)
        end({ kind: 'response', message: decoded.value });
      else if (match !== 'no') end({ kind: 'retryTcp' });
      else if ((strays += 1) > maxStrays) end({ kind: 'retryTcp' }); // an attacker guesses ids: answers over TCP cannot be guessed
    });
    // A connected socket reports ICMP errors and accepts datagrams from this server only (RFC 5452 §9.1: check the source address).
    socket.connect(server.port, server.address, (error?: Error) => {
      if (error === undefined) socket.send(wire);
      else end({ kind: 'unreachable' });
    });
    if (signal.aborted) onAbort();
  });
}

function overTcp(args: ExchangeArgs, wire: Uint8Array): Promise<Exchange> {
  const { server, clock, signal, timeoutMs } = args;
  return new Promise((resolve) => {
    const socket = connect({ host: server.address, port: server.port });
    // RFC 1035 §4.2.2: over TCP, a two-octet length precedes each message.
    const chunks: Uint8Array[] = [];
    let received = 0;
    const end = (result: Exchange): void => {
      timer[Symbol.dispose]();
      signal.removeEventListener('abort', onAbort);
      socket.removeAllListeners('data').removeAllListeners('error');
      socket.on('error', () => undefined);
      socket.destroy();
      resolve(result);
    };
    const onAbort = (): void => end({ kind: 'timeout' });
    const timer = clock.timer(timeoutMs, onAbort);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', () => end({ kind: 'unreachable' }));
    socket.on('end', () => end({ kind: 'unreachable' }));
    socket.on('connect', () => {
      // RFC 7766 §8: the length and the message SHOULD be passed to TCP in one write.
      socket.write(Buffer.concat([Uint8Array.of(wire.length >> 8, wire.length & 0xff), wire]));
    });
    socket.on('data', (chunk: Uint8Array) => {
      chunks.push(chunk);
      received += chunk.length;
      if (received < 2) return;
      const all = Buffer.concat(chunks);
      const size = all.readUInt16BE(0);
      if (received < size + 2) {
        chunks.splice(0, chunks.length, all);
        return;
      }
      const decoded = decodeMessage(new Uint8Array(all.subarray(2, size + 2)));
      const isOurs = decoded.ok && answers(decoded.value, wire) !== 'no' && !decoded.value.isTruncated;
      end(isOurs ? { kind: 'response', message: decoded.value } : { kind: 'unreachable' });
    });
    if (signal.aborted) onAbort();
  });
}

/**
 * Reports whether a message answers the query: `exact` when id, name, type and class match (RFC 5452 §9.1: MUST), `caseDiffers` when only the
 * name's case differs.
 */
function answers(message: DnsMessage, wire: Uint8Array): 'exact' | 'caseDiffers' | 'no' {
  const asked = decodeMessage(wire);
  if (!asked.ok || !message.isResponse || message.id !== asked.value.id) return 'no';
  const [question] = message.questions;
  const [wanted] = asked.value.questions;
  if (question === undefined || wanted === undefined) return 'no';
  if (question.type !== wanted.type || question.class !== wanted.class) return 'no';
  if (question.name === wanted.name) return 'exact';
  return question.name.toLowerCase() === wanted.name.toLowerCase() ? 'caseDiffers' : 'no';
}
