import type { AddressEntry } from '#lib/message';

/** A file attached to a composed message. */
export interface Attachment {
  /** Null for none. */
  readonly filename: string | null;
  /** Media type without parameters, such as `image/png`. */
  readonly type: string;
  readonly content: Uint8Array;
  /** Content-ID without angle brackets, for `cid:` links of the HTML (RFC 2392 §2); null for none. */
  readonly contentId: string | null;
  /** True when it is shown inside the HTML (multipart/related) rather than listed beside it. */
  readonly inline: boolean;
}

/** Argument of `composeMessage`. */
export interface Composition {
  readonly from: readonly AddressEntry[];
  readonly to?: readonly AddressEntry[];
  readonly cc?: readonly AddressEntry[];
  /** Accepted for the convenience of callers; never written. */
  readonly bcc?: readonly AddressEntry[];
  readonly replyTo?: readonly AddressEntry[];
  readonly subject?: string;
  readonly date: { readonly ms: number; readonly offsetMinutes: number };
  /** With angle brackets, as are the others. */
  readonly messageId: string;
  readonly inReplyTo?: string;
  readonly references?: readonly string[];
  /** Further fields, written as unstructured text. A Bcc among them is left out. */
  readonly headers?: readonly { readonly name: string; readonly value: string }[];
  readonly text?: string;
  readonly html?: string;
  readonly attachments?: readonly Attachment[];
  /** True when UTF-8 is permitted in headers (RFC 6532 §3). */
  readonly smtputf8?: boolean;
  /** Returns a new boundary each time: random, 1 to 70 characters of letters, digits and `=_-.` (RFC 2046 §5.1.1). */
  readonly boundary: () => string;
}
