import type { JsonObject } from './json.ts';

/** Types of request-level errors (RFC 8620 §3.6.1). */
type RequestProblemType = 'limit' | 'notJSON' | 'notRequest' | 'unknownCapability';

/** Refusal of a whole request: none of its calls ran. */
export class RequestProblem extends Error {
  override readonly name = 'RequestProblem';
  readonly type: RequestProblemType;
  /** HTTP status. */
  readonly status: number;
  readonly #limit: string | null;

  /** @param limit  Name of the limit that was passed, for the type `limit`. */
  constructor(type: RequestProblemType, detail: string, limit: string | null = null, status = 400) {
    super(detail);
    this.type = type;
    this.status = status;
    this.#limit = limit;
  }

  /** Problem details (RFC 8620 §3.6.1). */
  get details(): JsonObject {
    return {
      type: `urn:ietf:params:jmap:error:${this.type}`,
      status: this.status,
      detail: this.message,
      ...(this.#limit !== null && { limit: this.#limit }),
    };
  }
}

/** Returns the refusal of a request that is over a limit, which has the name that the session gives it. */
export function tooMuch(name: string, limit: number): RequestProblem {
  return new RequestProblem('limit', `the request is over the limit ${name} (${limit})`, name);
}
