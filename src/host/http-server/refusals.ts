/**
 * Answers of the server itself, before or instead of those of a handler (RFC 9110 §15.5.1, §15.5.9, §15.5.14, §15.5.15, §15.6.1, §15.6.2, §15.6.4;
 * RFC 6585 §4, §5).
 */
const texts = {
  400: 'This is not a valid HTTP request.',
  408: 'The request took too long to arrive.',
  413: 'The body of the request is too long.',
  414: 'The address of the request is too long.',
  429: 'Too many connections from your network; please wait.',
  431: 'The header of the request is too long or has too many fields.',
  500: 'The server made a mistake. It is in the server log under the connection id of this request.',
  501: 'The server does not know this method.',
  503: 'The server is stopping, or has no place for this connection.',
} as const;

/** Status of an answer of the server itself. */
export type RefusalStatus = keyof typeof texts;

/** Makes the response of a refusal: plain text that names the reason. @param text  A reason that is more exact. */
export function refusal(status: RefusalStatus, text: string = texts[status]): Response {
  return new Response(`${text}\n`, { status, headers: { 'Content-Type': 'text/plain; charset=utf-8' } });
}

const phrases: Readonly<Record<RefusalStatus, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Content Too Large',
  414: 'URI Too Long',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
};

/** Header fields that every response has unless its handler sets them. */
export type BaseHeaders = readonly (readonly [string, string])[];

/** Writes a refusal as HTTP/1.1, for connections on which no request was understood. */
export function rawRefusal(status: RefusalStatus, headers: BaseHeaders, text: string = texts[status]): Uint8Array {
  const body = `${text}\n`;
  const lines = [
    `HTTP/1.1 ${status} ${phrases[status]}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${new TextEncoder().encode(body).length}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  return new TextEncoder().encode(`${lines.join('\r\n')}\r\n\r\n${body}`);
}
