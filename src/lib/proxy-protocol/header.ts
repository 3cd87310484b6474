import { parseIp } from '#lib/domain';
import { proxyHeaderLimits } from './limits.ts';

/** One end of a relayed connection. */
interface RelayedEnd {
  /** As `parseIp` writes it. */
  readonly address: string;
  readonly port: number;
}

/** A header that arrived whole. */
export interface ProxyHeader {
  /** Bytes of the header: those of the client follow. */
  readonly sizeBytes: number;
  /** The client, and the address that it connected to; null for a connection of the proxy itself, such as a health check. */
  readonly relayed: { readonly source: RelayedEnd; readonly destination: RelayedEnd } | null;
}

/** Result of looking at the first bytes of a connection. */
type ProxyHeaderStep =
  | { readonly kind: 'more' }
  | ({ readonly kind: 'header' } & ProxyHeader)
  | { readonly kind: 'bad'; readonly reason: string };

const textStart = new TextEncoder().encode('PROXY ');
const binaryStart = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a);
/** Signature, version and command, family and protocol, length. */
const binaryHeadBytes = 16;
const more: ProxyHeaderStep = { kind: 'more' };

/** Parses a PROXY header at the start of a connection; `more` as long as what has arrived is the beginning of one. */
export function parseProxyHeader(
  bytes: Uint8Array,
  limits: { readonly [K in keyof typeof proxyHeaderLimits]: number } = proxyHeaderLimits,
): ProxyHeaderStep {
  if (startsAlike(bytes, binaryStart))
    return bytes.length < binaryHeadBytes ? more : parseBinary(bytes, limits.maxBinaryBytes);
  if (startsAlike(bytes, textStart)) return parseText(bytes, limits.maxTextBytes);
  return bad('it does not begin with a PROXY header');
}

function bad(reason: string): ProxyHeaderStep {
  return { kind: 'bad', reason };
}

/** Reports whether bytes begin with `start`, or are its beginning. */
function startsAlike(bytes: Uint8Array, start: Uint8Array): boolean {
  return start.every((byte, i) => i >= bytes.length || bytes[i] === byte);
}

function parseText(bytes: Uint8Array, maxBytes: number): ProxyHeaderStep {
  const end = bytes.subarray(0, maxBytes).indexOf(0x0a);
  if (end < 0) return bytes.length < maxBytes ? more : bad(`its line is longer than ${maxBytes} bytes`);
  const line = String.fromCharCode(...bytes.subarray(0, end + 1));
  const sizeBytes = end + 1;
  // The rest of such a line is to be ignored.
  if (/^PROXY UNKNOWN(?: .*)?\r\n$/.test(line)) return { kind: 'header', sizeBytes, relayed: null };
  const [, family, from = '', to = '', fromPort, toPort] =
    /^PROXY TCP([46]) ([\d.:a-f]+) ([\d.:a-f]+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})\r\n$/i.exec(line) ?? [];
  const hasFamily = (address: string): boolean => address.includes(':') === (family === '6');
  const source = relayedEnd(from, Number(fromPort));
  const destination = relayedEnd(to, Number(toPort));
  if (source === null || destination === null || !hasFamily(from) || !hasFamily(to))
    return bad('its line is malformed');
  return { kind: 'header', sizeBytes, relayed: { source, destination } };
}

function relayedEnd(text: string, port: number): RelayedEnd | null {
  const ip = parseIp(text);
  return ip.ok && port <= 0xffff ? { address: ip.value.text, port } : null;
}

/** Lengths of addresses by family and protocol: TCP over IPv4 and over IPv6. */
const addressBytes: ReadonlyMap<number, number> = new Map([
  [0x11, 4],
  [0x21, 16],
]);

function parseBinary(bytes: Uint8Array, maxBytes: number): ProxyHeaderStep {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [versionAndCommand, familyAndProtocol] = [view.getUint8(12), view.getUint8(13)];
  const sizeBytes = binaryHeadBytes + view.getUint16(14);
  if (versionAndCommand !== 0x20 && versionAndCommand !== 0x21) return bad('it has an unknown version or command');
  if (sizeBytes > maxBytes) return bad(`it is longer than ${maxBytes} bytes`);
  const isLocal = versionAndCommand === 0x20;
  const size = addressBytes.get(familyAndProtocol);
  // 0 is a connection whose ends the proxy does not know.
  if (!isLocal && familyAndProtocol !== 0 && size === undefined) return bad('it is not about a TCP connection');
  if (!isLocal && size !== undefined && sizeBytes < binaryHeadBytes + 2 * size + 4)
    return bad('it is too short for its addresses');
  if (bytes.length < sizeBytes) return more;
  if (isLocal || size === undefined) return { kind: 'header', sizeBytes, relayed: null };
  const from = binaryHeadBytes;
  const end = (address: number, port: number): RelayedEnd | null =>
    relayedEnd(addressText(bytes.subarray(address, address + size)), view.getUint16(port));
  const source = end(from, from + 2 * size);
  const destination = end(from + size, from + 2 * size + 2);
  if (source === null || destination === null) return bad('its addresses are malformed');
  return { kind: 'header', sizeBytes, relayed: { source, destination } };
}

function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: 8 }, (_, i) => view.getUint16(2 * i).toString(16)).join(':');
}
