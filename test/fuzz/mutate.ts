const encoder = new TextEncoder();

/** Material of inputs. */
export interface Material {
  readonly seeds: readonly Uint8Array[];
  /** Words of the grammar. */
  readonly dictionary: readonly string[];
  readonly maxBytes: number;
}

/** Octets that parsers treat specially. */
const specialOctets = [0, 9, 10, 13, 32, 34, 40, 41, 46, 58, 60, 61, 62, 63, 92, 123, 125, 127, 128, 192, 255];

/** A new input: a seed changed in a few places. */
export function mutate({ seeds, dictionary, maxBytes }: Material, random: () => number): Uint8Array {
  const below = (end: number): number => Math.floor(random() * end);
  const seed = (): Uint8Array => seeds[below(seeds.length)] ?? new Uint8Array(0);
  let bytes = seed();
  for (let changes = below(8); changes >= 0; changes -= 1) {
    const at = below(bytes.length + 1);
    const end = Math.min(bytes.length, at + 1 + below(random() < 0.5 ? 4 : 60));
    const other = seed();
    switch (below(9)) {
      case 0:
        bytes = bytes.slice();
        if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
        break;
      case 1:
        bytes = spliced(bytes, at, at + below(2), Uint8Array.of(specialOctets[below(specialOctets.length)] ?? 0));
        break;
      case 2:
        bytes = spliced(bytes, at, end, new Uint8Array(0));
        break;
      case 3: {
        const from = below(other.length + 1);
        bytes = spliced(bytes, at, random() < 0.5 ? at : end, other.subarray(from, from + below(300)));
        break;
      }
      case 4:
        bytes = spliced(bytes, end, end, repeated(bytes.subarray(at, end), 1 + below(random() < 0.1 ? 2000 : 20)));
        break;
      case 5:
        bytes = bytes.subarray(0, at);
        break;
      case 6:
      case 7:
        bytes = spliced(
          bytes,
          at,
          random() < 0.7 ? at : end,
          encoder.encode(dictionary[below(dictionary.length)] ?? ''),
        );
        break;
      default:
        bytes = spliced(bytes, bytes.length, bytes.length, other);
    }
    if (bytes.length > maxBytes) bytes = bytes.subarray(0, maxBytes);
  }
  return bytes.slice();
}

/** Cuts bytes into chunks: one, single octets, or pieces of random length. */
export function chunked(bytes: Uint8Array, random: () => number): Uint8Array[] {
  const most = [bytes.length, 1, 3, 40, 500][Math.floor(random() * 5)] ?? 1;
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = most <= 1 || most >= bytes.length ? most : 1 + Math.floor(random() * most);
    chunks.push(bytes.slice(at, at + Math.max(1, length)));
    at += Math.max(1, length);
  }
  return chunks;
}

function spliced(bytes: Uint8Array, start: number, end: number, middle: Uint8Array): Uint8Array {
  const after = bytes.subarray(Math.max(start, end));
  const result = new Uint8Array(start + middle.length + after.length);
  result.set(bytes.subarray(0, start));
  result.set(middle, start);
  result.set(after, start + middle.length);
  return result;
}

function repeated(bytes: Uint8Array, times: number): Uint8Array {
  const result = new Uint8Array(bytes.length * times);
  for (let i = 0; i < times; i += 1) result.set(bytes, i * bytes.length);
  return result;
}
