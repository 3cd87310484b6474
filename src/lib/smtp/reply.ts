/** One reply of an SMTP server (RFC 5321 §4.2), with its enhanced status code (RFC 2034 §4) apart from the text. */
export interface Reply {
  /** Three digits, 200 to 599. */
  readonly code: number;
  /** `class.subject.detail` (RFC 3463 §2), null when there is none. RFC 2034 §4 leaves it out of the greeting, of replies to HELO and EHLO, and of 3xx. */
  readonly enhanced: string | null;
  /** Text without code, without line ends; at least one line, which may be empty. */
  readonly lines: readonly string[];
}

/** Returns a reply with text of one or more lines. */
export function reply(code: number, enhanced: string | null, ...lines: readonly string[]): Reply {
  return { code, enhanced, lines: lines.length === 0 ? [''] : lines };
}

/** Reports whether the command succeeded: 2xx (RFC 5321 §4.2.1). */
export function isPositive(reply: Reply): boolean {
  return reply.code >= 200 && reply.code < 300;
}

/** Reports whether a retry may succeed: 4xx, a transient failure (RFC 5321 §4.2.1). */
export function isTransient(reply: Reply): boolean {
  return reply.code >= 400 && reply.code < 500;
}

/** Reports whether the client SHOULD NOT repeat the exact request: 5xx, a permanent failure (RFC 5321 §4.2.1). */
export function isPermanent(reply: Reply): boolean {
  return reply.code >= 500;
}

/**
 * Joins the lines of a reply stored as text (`550-5.1.1 no such`, `550 5.1.1 user`) into one, with its codes once.
 * Lines that are no reply are joined by semicolons.
 */
export function joinReplyLines(text: string): string {
  const [first = '', ...more] = text.split('\n').filter((line) => line !== '');
  const [, code = '', status = ''] = /^([2-5]\d\d)-((?:[245]\.\d{1,3}\.\d{1,3} )?)/.exec(first) ?? [];
  if (code === '' || !more.every((line) => line.startsWith(code))) return [first, ...more].join('; ');
  const said = [first, ...more].map((line) => line.slice(code.length + 1));
  return `${code} ${status}${said.map((line) => (line.startsWith(status) ? line.slice(status.length) : line)).join(' ')}`.trimEnd();
}

/** Formats the reply as one line for logs and reports: code, enhanced code, text. */
export function showReply(reply: Reply): string {
  const text = reply.lines.join(' ').trim();
  return `${reply.code}${reply.enhanced === null ? '' : ` ${reply.enhanced}`}${text === '' ? '' : ` ${text}`}`;
}
