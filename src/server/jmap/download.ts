import { plainAnswer } from '#server/http';
import { findBlob } from './blob-bytes.ts';
import type { MailContext } from './mail-context.ts';

/** Answers a download (RFC 8620 §6.2), also of a range (RFC 9110 §14.2). Blobs of other accounts do not exist. */
export async function download(request: Request, url: URL, context: MailContext): Promise<Response> {
  const [, , , accountId = '', blobId = '', encodedName = ''] = url.pathname.split('/');
  const found = accountId === context.accountId ? await findBlob(blobId, context) : null;
  if (found === null) return plainAnswer(404, 'There is no such blob.');
  const type = url.searchParams.get('type') ?? 'application/octet-stream';
  const range = rangeOf(request.headers.get('Range'), found.sizeBytes);
  const headers: Record<string, string> = {
    'Content-Type': /^[\w.+-]+\/[\w.+-]+$/.test(type) ? type : 'application/octet-stream',
    'Content-Disposition': dispositionOf(encodedName),
    'Accept-Ranges': 'bytes',
    // RFC 8620 §6.2: the bytes of a blob never change. The user's own cache only.
    'Cache-Control': 'private, immutable, max-age=31536000',
    // Opened in a browser, a message of a stranger is no page of this server.
    'Content-Security-Policy': "sandbox; default-src 'none'",
  };
  if (range === 'unsatisfiable')
    return plainAnswer(416, 'The blob has no such bytes.', { 'Content-Range': `bytes */${found.sizeBytes}` });
  const [start, end] = range ?? [0, found.sizeBytes];
  headers['Content-Length'] = String(end - start);
  if (range !== null) headers['Content-Range'] = `bytes ${start}-${end - 1}/${found.sizeBytes}`;
  const body = request.method === 'HEAD' ? null : streamOf(found.stream(start, end));
  return new Response(body, { status: range === null ? 200 : 206, headers });
}

/** Reads a Range field with one range; null without one, and for what is to be ignored (RFC 9110 §14.2). */
function rangeOf(field: string | null, sizeBytes: number): readonly [number, number] | 'unsatisfiable' | null {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(field ?? '') ?? [];
  if (first === '' && last === '') return null;
  if (first === '')
    return last === '0' || sizeBytes === 0 ? 'unsatisfiable' : [Math.max(0, sizeBytes - Number(last)), sizeBytes];
  const end = last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes);
  if (last !== '' && Number(last) < Number(first)) return null;
  return Number(first) >= sizeBytes ? 'unsatisfiable' : [Number(first), end];
}

/** Writes a file name for any client (RFC 6266 §4.1): letters, digits and few signs as they are, the rest percent-encoded. */
function dispositionOf(encodedName: string): string {
  const name = decoded(encodedName)
    .replace(/[\p{Cc}/\\]/gu, '_')
    .slice(0, 200);
  if (name === '') return 'attachment';
  const plain = name.replace(/[^\w .-]/g, '_');
  const extended = encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${extended}`;
}

/** Decodes a segment of a path; octets that are no UTF-8 become U+FFFD, as any name will do. */
function decoded(segment: string): string {
  const octets = new TextEncoder().encode(segment);
  const bytes: number[] = [];
  for (let i = 0; i < octets.length; i += 1) {
    const [, hex] = /^%([0-9a-f]{2})/i.exec(String.fromCharCode(...octets.subarray(i, i + 3))) ?? [];
    bytes.push(hex === undefined ? (octets[i] ?? 0) : Number.parseInt(hex, 16));
    if (hex !== undefined) i += 2;
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

/** Pulls chunks as the client reads them. */
function streamOf(chunks: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      pull: async (controller) => {
        const { done, value } = await chunks.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      cancel: async () => {
        await chunks.return(undefined);
      },
    },
    // No file is opened before the first byte is wanted.
    { highWaterMark: 0 },
  );
}
