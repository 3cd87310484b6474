/** Time for which browsers may keep the answer to a preflight, in seconds. */
const preflightSeconds = 600;

/** Lets pages of some other sites read responses: CORS, as the Fetch standard has it. */
export class Cors {
  readonly #origins: ReadonlySet<string>;

  /** @param origins  Origins of the pages, such as `https://webmail.example.org`. */
  constructor(origins: ReadonlySet<string>) {
    this.#origins = origins;
  }

  /** Answers the request with which a browser asks before it sends that of a page; null for all other requests. */
  preflight(request: Request): Response | null {
    const isPreflight = request.method === 'OPTIONS' && request.headers.has('Access-Control-Request-Method');
    if (!isPreflight || this.#originOf(request) === null) return null;
    return new Response(null, {
      status: 204,
      headers: {
        'Access-Control-Allow-Methods': 'GET, HEAD, POST',
        // "*" does not stand for Authorization.
        'Access-Control-Allow-Headers': 'Authorization, Content-Type, Last-Event-ID, Range',
        'Access-Control-Max-Age': String(preflightSeconds),
      },
    });
  }

  /** Adds the header fields that let the page read the response. Cookies stay out: pages log in with `Authorization`. */
  allow(request: Request, response: Response): Response {
    if (this.#origins.size === 0) return response;
    // A cache must not give one origin's response to another.
    response.headers.append('Vary', 'Origin');
    const origin = this.#originOf(request);
    if (origin === null) return response;
    response.headers.set('Access-Control-Allow-Origin', origin);
    response.headers.set(
      'Access-Control-Expose-Headers',
      'Content-Disposition, Content-Range, Retry-After, WWW-Authenticate',
    );
    return response;
  }

  #originOf(request: Request): string | null {
    const origin = request.headers.get('Origin');
    return origin !== null && this.#origins.has(origin) ? origin : null;
  }
}
