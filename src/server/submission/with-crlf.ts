const cr = 13;
const lf = 10;
const crlf = Uint8Array.of(cr, lf);

/** Yields a message whose lines all end with CRLF, the last one too. Octets CR within lines stay: what follows encodes or refuses them. */
export async function* withCrlf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let last: number = lf;
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    yield repaired(chunk, last);
    last = chunk.at(-1) ?? last;
  }
  if (last === cr) yield Uint8Array.of(lf);
  else if (last !== lf) yield crlf;
}

/** Returns a chunk with CR before each LF. @param before  Octet before the chunk. */
function repaired(chunk: Uint8Array, before: number): Uint8Array {
  const bare: number[] = [];
  for (let at = chunk.indexOf(lf); at >= 0; at = chunk.indexOf(lf, at + 1)) {
    if ((at === 0 ? before : chunk[at - 1]) !== cr) bare.push(at);
  }
  if (bare.length === 0) return chunk;
  const bytes = new Uint8Array(chunk.length + bare.length);
  let [from, to] = [0, 0];
  for (const at of bare) {
    bytes.set(chunk.subarray(from, at), to);
    to += at - from;
    bytes[to] = cr;
    to += 1;
    from = at;
  }
  bytes.set(chunk.subarray(from), to);
  return bytes;
}
