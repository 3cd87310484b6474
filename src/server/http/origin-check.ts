const harmless: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Reports whether a request may change something, or open a WebSocket, as far as its origin is concerned: browsers name the site that asks, other
 * clients do not (RFC 6454 §7).
 * @param allowed  Origins of other sites that may ask, such as `https://webmail.example.org`.
 */
export function isOwnOrigin(request: Request, allowed: ReadonlySet<string>): boolean {
  const isUpgrade = request.headers.has('Upgrade');
  if (harmless.has(request.method) && !isUpgrade) return true;
  const origin = request.headers.get('Origin');
  if (origin !== null && allowed.has(origin)) return true;
  const site = request.headers.get('Sec-Fetch-Site');
  if (site !== null && site !== 'same-origin' && site !== 'none') return false;
  return origin === null || origin === new URL(request.url).origin;
}

/**
 * Reports whether a request is of a page of this very origin, as one with a cookie must be: the browser adds the cookie by itself. What only reads may come without a
 * word about its origin, as from the address bar.
 */
export function isOfOwnPage(request: Request): boolean {
  const origin = request.headers.get('Origin');
  const site = request.headers.get('Sec-Fetch-Site');
  if (origin !== null && origin !== new URL(request.url).origin) return false;
  if (site === 'same-origin' || (site === null && origin !== null)) return true;
  const isReading = (request.method === 'GET' || request.method === 'HEAD') && !request.headers.has('Upgrade');
  return isReading && (site === null || site === 'none');
}
