import type { Command, FlagList } from './command.ts';

/** Which limit was passed. */
export type TooBigWhat = 'line' | 'literal' | 'literals' | 'literalCount' | 'message';

/**
 * What `ImapCodec` makes of a client's bytes. `tag` is null only where it could not be read (answer `* BAD`), `name` is the
 * command's name in upper case (`UID FETCH`), empty when it could not be read.
 */
export type ImapEvent =
  /** A whole, well-formed command. */
  | { readonly kind: 'command'; readonly tag: string; readonly name: string; readonly command: Command }
  /**
   * A command that is not well-formed or not known: answer BAD. The codec skips what is left of it by itself.
   * It may come in the middle of an APPEND, which is then void. `at` counts bytes from the command's first, literals included.
   */
  | {
      readonly kind: 'invalid';
      readonly tag: string | null;
      readonly name: string;
      readonly at: number;
      readonly reason: string;
      /** The command name itself is not known. */
      readonly unknown: boolean;
      /** The client sends a non-synchronising literal all the same; it is skipped. Closing the connection is an alternative. */
      readonly skipsBytes: number;
    }
  /** A synchronising literal is announced: write a `+ ` continuation, or refuse with a tagged reply and call `skipCommand()`. */
  | { readonly kind: 'continue'; readonly tag: string; readonly name: string; readonly sizeBytes: number }
  /**
   * A limit was passed; the codec skips the rest of the command. Answer BAD or NO [TOOBIG]; when `skipsBytes` is large the
   * session may rather say BYE, since those bytes are on their way (RFC 7888 §4). Also in the middle of an APPEND, which is then void.
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
      /** Zero cancels the APPEND (RFC 3502 §6.3.11). */
      readonly sizeBytes: number;
      /** Sent as literal8 (RFC 3516 §4.4): may contain NUL. */
      readonly isBinary: boolean;
      /** Sent as `UTF8 (~{…})` (RFC 6855 §4). */
      readonly isUtf8: boolean;
      readonly needsContinuation: boolean;
    }
  /** Next bytes of the message. They are a view of the pushed chunk. */
  | { readonly kind: 'appendData'; readonly bytes: Uint8Array }
  | { readonly kind: 'appendMessageEnd' }
  /** The whole APPEND arrived: store and answer. */
  | { readonly kind: 'appendEnd'; readonly tag: string; readonly messages: number }
  /** The line after IDLE; `isDone` is false when it was not DONE. Such a line is skipped with its literals; `tag` is its first word if that can be one. */
  | { readonly kind: 'idleEnd'; readonly isDone: boolean; readonly tag: string | null }
  /** The line that answers a challenge: its bytes, null for `*` (cancelled) and for bytes that are not base64. */
  | { readonly kind: 'saslResponse'; readonly data: Uint8Array | null; readonly isCancelled: boolean };
