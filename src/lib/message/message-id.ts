import { defaultLimits } from './limits.ts';

/**
 * Returns the message identifiers of a Message-ID, In-Reply-To or References text, in order, with angle brackets (RFC 5322 §3.6.4).
 * Words outside angle brackets, which RFC 5322 §4.5.4 permits in old messages, are ignored; white space inside is removed. At most `limit`,
 * 200 by default.
 */
export function parseMessageIds(text: string, limit: number = defaultLimits.maxMessageIds): string[] {
  const ids: string[] = [];
  let at = 0;
  while (ids.length < limit) {
    const open = text.indexOf('<', at);
    if (open < 0) break;
    const close = text.indexOf('>', open + 1);
    if (close < 0) break;
    // `<a <b@c>`: the innermost opening bracket counts.
    const start = text.lastIndexOf('<', close);
    const id = text.slice(start, close + 1).replace(/\s+/g, '');
    if (id.length > 2) ids.push(id);
    at = close + 1;
  }
  return ids;
}
