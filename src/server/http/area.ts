import type { RequestFacts } from '#host/http-server';

/** A part of what is served over HTTP, such as JMAP. Areas know nothing of each other; each lives in a folder of its own. */
export interface Area {
  /** Name of the area in the configuration. */
  readonly name: string;
  /** Paths that it answers: exact ones, and with `/*` at the end everything below. */
  readonly paths: readonly string[];
  /** Bytes that bodies of its requests may have. A handler that knows better calls `facts.limitBody` before it reads the body. */
  readonly maxBodyBytes: number;
  /** Makes the answer to a request whose body is longer; plain text when absent. */
  readonly tooLong?: (request: Request) => Response;
  /** Answers one request. Host and origin were checked; logins are its own affair (`HttpLogins`). */
  readonly handle: (request: Request, facts: RequestFacts) => Promise<Response>;
}
