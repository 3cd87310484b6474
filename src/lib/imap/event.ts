import type { Command, FlagList } from './command.ts';

/** Limit that was exceeded. */
export type TooBigWhat = 'line' | 'literal' | 'literals' | 'literalCount' | 'message';

/**
 * Event that `ImapCodec` decodes from a client's bytes. `tag` is null only where it could not be read: the answer is then the untagged
 * `* BAD` (RFC 9051 §7.1.3). `name` is the command's name in upper case (`UID FETCH`), empty when it could not be read.
 */
export type ImapEvent =
  /** A whole, well-formed command. */
  | { readonly kind: 'command'; readonly tag: string; readonly name: string; readonly command: Command }
  /**
   * A malformed or unknown command: answer BAD (RFC 9051 §7.1.3). The codec skips the rest of it.
   * In the middle of an APPEND it voids the APPEND. `at` counts bytes from the command's first, literals included.
   */
  | {
      readonly kind: 'invalid';
      readonly tag: string | null;
      readonly name: string;
      readonly at: number;
      readonly reason: string;
      /** True when the command name is unknown. */
      readonly unknown: boolean;
      /** Size of a non-synchronizing literal that the client sends without waiting; it is skipped. RFC 7888 §4 also permits BYE. */
      readonly skipsBytes: number;
    }
  /** A synchronizing literal is announced (RFC 9051 §4.3): write a `+ ` continuation, or refuse with a tagged reply and call `skipCommand()`. */
  | { readonly kind: 'continue'; readonly tag: string; readonly name: string; readonly sizeBytes: number }
  /**
   * A limit was exceeded; the codec skips the rest of the command. Answer BAD or NO [TOOBIG]; when `skipsBytes` is large the
   * session may send BYE instead, since those bytes are on their way (RFC 7888 §4). In the middle of an APPEND it voids the APPEND.
   */
  | {
      readonly kind: 'tooBig';
      readonly tag: string | null;
      readonly name: string;
      readonly what: TooBigWhat;
      /** Announced size of the literal, 0 for a line. */
      readonly sizeBytes: number;
      readonly limit: number;
      readonly skipsBytes: number;
    }
  /** APPEND begins. Then, for each message: `appendMessage`, `appendData`…, `appendMessageEnd`; at last `appendEnd`. */
  | { readonly kind: 'appendStart'; readonly tag: string; readonly mailbox: string }
  /** Before a message's bytes. When `needsContinuation`, write `+ ` or refuse and call `skipCommand()`. */
  | {
      readonly kind: 'appendMessage';
      readonly tag: string;
      readonly mailbox: string;
      /** 0 for the first message (MULTIAPPEND, RFC 3502). */
      readonly index: number;
      readonly flags: FlagList;
      /** Milliseconds since 1970, null when not given. */
      readonly internalDateMs: number | null;
      /** Zero is an error and cancels the APPEND, with NO (RFC 3502 §6.3.11). */
      readonly sizeBytes: number;
      /** Sent as literal8 (RFC 3516 §4.4): may contain NUL. */
      readonly isBinary: boolean;
      /** Sent as `UTF8 (~{…})` (RFC 6855 §4). */
      readonly isUtf8: boolean;
      readonly needsContinuation: boolean;
    }
  /** Next bytes of the message, a view of the chunk. */
  | { readonly kind: 'appendData'; readonly bytes: Uint8Array }
  | { readonly kind: 'appendMessageEnd' }
  /** The whole APPEND has arrived: store and answer. */
  | { readonly kind: 'appendEnd'; readonly tag: string; readonly messages: number }
  /** The line after IDLE; `isDone` is false when it is not DONE. Such a line is skipped with its literals; `tag` is its first word if that is a tag. */
  | { readonly kind: 'idleEnd'; readonly isDone: boolean; readonly tag: string | null }
  /** Response to a challenge: decoded, or null for `*` (cancelled) and for invalid base64; both MUST be answered BAD (RFC 9051 §6.2.2). */
  | { readonly kind: 'saslResponse'; readonly data: Uint8Array | null; readonly isCancelled: boolean };
