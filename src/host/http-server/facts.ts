import type { Endpoint, TlsSession } from '#ports/channel';
import type { Log } from '#ports/log';
import type { AcceptedUpgrade } from './web-socket-peer.ts';

/** A connection, in the form that both versions of HTTP share. */
export interface HttpPeer {
  /** Log of the connection, with its id. */
  readonly log: Log;
  /** The client. */
  readonly remote: Endpoint;
  readonly local: Endpoint;
  readonly isTls: boolean;
  /** Null for a plaintext connection. */
  readonly tls: TlsSession | null;
}

/** Facts of one request beside the `Request`. */
export interface RequestFacts extends HttpPeer {
  /** Aborted when the client is gone before its response was sent. */
  readonly signal: AbortSignal;
  /** Aborted when the server stops: responses without end shall end. */
  readonly stopping: AbortSignal;
  /** Sets the bytes that the request's body may have; a longer one is answered with 413, or with the response that `tooLong` makes. */
  limitBody(maxBytes: number, tooLong?: () => Response): void;
  /**
   * Accepts the WebSocket that the request asks for, and returns the response that the handler must return for it. Null when the request asks
   * for none. There are none over HTTP/2.
   */
  readonly upgrade: ((accepted: AcceptedUpgrade) => Response) | null;
  /** Notes the account of the request for the access log. */
  noteAccount(account: string): void;
  /** Notes the client's address for the access log, where a proxy forwarded the request. */
  noteClient(address: string): void;
}

/** Answers requests. A rejection is our fault, and becomes a 500. */
export type HttpHandler = (request: Request, facts: RequestFacts) => Promise<Response>;
