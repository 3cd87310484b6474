/** Parts of a request as they arrived. */
export interface ReceivedRequest {
  readonly method: string;
  /** Request target: an absolute path with its query, or an absolute URL. */
  readonly target: string;
  /** Host and port that the client named: the Host field, or `:authority`. */
  readonly authority: string;
  /** Names and values, alternating. */
  readonly rawHeaders: readonly string[];
  readonly isTls: boolean;
}

const authorityPattern = /^(?:[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

/**
 * Makes the `Request` of a received one; null when its target, host or a field is not valid. The host is that of the Host field, also where
 * the path begins with two slashes; an absolute URL as target wins over the field (RFC 9112 §3.2.2).
 */
export function makeRequest(
  received: ReceivedRequest,
  body: ReadableStream<Uint8Array<ArrayBuffer>> | null,
): Request | null {
  const { method, target, rawHeaders, isTls } = received;
  const absolute = /^https?:\/\/([^/?#]+)(.*)$/i.exec(target);
  const authority = absolute?.[1] ?? received.authority;
  const path = absolute === null ? target : absolute[2] || '/';
  if (!authorityPattern.test(authority) || !/^[/?]/.test(path)) return null;
  try {
    const headers = new Headers();
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      const name = rawHeaders[i] ?? '';
      if (!name.startsWith(':')) headers.append(name, rawHeaders[i + 1] ?? '');
    }
    // RFC 9112 §3.2: a second Host field is answered with 400. No name has a comma, with which Headers joins them.
    if (headers.get('Host')?.includes(',') === true) return null;
    const url = `${isTls ? 'https' : 'http'}://${authority}${path}`;
    return new Request(url, { method, headers, ...(body !== null && { body, duplex: 'half' }) });
  } catch {
    return null;
  }
}
