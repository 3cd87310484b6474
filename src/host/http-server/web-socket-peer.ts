/** A client of a WebSocket (RFC 6455), which speaks in messages of text. */
export interface WebSocketPeer {
  /** Aborted when the connection has ended. */
  readonly signal: AbortSignal;
  /** Returns the next message; null when the connection has ended. While messages are not fetched, the client is throttled. */
  receive(): Promise<string | null>;
  /** Sends a message; resolves when the client keeps up. @throws Error when it is gone. */
  send(text: string): Promise<void>;
  /** Ends the connection with a code of RFC 6455 §7.4. */
  close(code: number, reason: string): void;
}

/** An upgrade that an area has accepted. */
export interface AcceptedUpgrade {
  /** Subprotocol that is answered, one of those that the client named; null for none. */
  readonly protocol: string | null;
  /** Serves the connection, which ends when this settles; a rejection is logged as our fault. */
  readonly serve: (peer: WebSocketPeer) => Promise<void>;
}
