/** The `Action` field of a recipient (RFC 3464 §2.3.3). */
export type DsnAction = 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded';

/** Status of one recipient in a notification. */
export interface DsnRecipient {
  /** Address of the last attempt, for Final-Recipient, which MUST be present (RFC 3464 §2.3.2). */
  readonly finalRecipient: string;
  /** ORCPT of the submission, `type;address` still in xtext (RFC 3461 §4.2), null when there was none. */
  readonly originalRecipient: string | null;
  readonly action: DsnAction;
  /** Enhanced status code such as `5.1.1` (RFC 3463 §2), for Status, which MUST be present (RFC 3464 §2.3.4). */
  readonly status: string;
  /** Name of the host that answered, null when none did. */
  readonly remoteMta: string | null;
  /** Diagnostic text of the host or of this server: lines separated by `\n`, each starting with its code when it is an SMTP reply. */
  readonly diagnostic: string | null;
  /** True when `diagnostic` is an SMTP reply, to be labelled `smtp`. */
  readonly diagnosticIsSmtp: boolean;
  /** Milliseconds since 1970, null when never tried. */
  readonly lastAttemptMs: number | null;
  /** Milliseconds since 1970 until which delivery is tried; for `delayed` only. */
  readonly willRetryUntilMs: number | null;
}

/** Contents of a delivery status notification. */
export interface DsnContent {
  readonly kind: 'failed' | 'delayed' | 'delivered' | 'relayed';
  /** Host name of the reporting server. */
  readonly reportingMta: string;
  /** Address of the server's mail system, usually `postmaster@…`. */
  readonly from: string;
  /** Sender of the original message. Never the null reverse-path (RFC 3461 §6.2). */
  readonly to: string;
  /** Message-ID of the original with its angle brackets, null when it has none. */
  readonly originalMessageId: string | null;
  /** Header of the original, or the whole message when `returnFull`, with CRLF line ends. */
  readonly original: Uint8Array;
  readonly returnFull: boolean;
  readonly perRecipient: readonly DsnRecipient[];
  /** Arrival of the original, milliseconds since 1970. */
  readonly arrivalMs: number;
  /** ENVID of the submission, decoded (RFC 3461 §4.4), null when there was none. */
  readonly envelopeId: string | null;
  /** Message-ID for the notification, with angle brackets. */
  readonly messageId: string;
  readonly nowMs: number;
  /** A string that does not occur in `original`; letters and digits. */
  readonly boundary: string;
  /** True when the notification may contain UTF-8 in its header (RFC 6533 §4). */
  readonly smtputf8: boolean;
}

/** One recipient of a received notification. */
export interface ParsedDsnRecipient {
  /** Address without its type; empty when the field is missing. */
  readonly finalRecipient: string;
  readonly originalRecipient: string | null;
  /** Lower case; null when missing or unknown. */
  readonly action: DsnAction | null;
  /** `class.subject.detail`, null when missing or malformed. */
  readonly status: string | null;
  readonly remoteMta: string | null;
  /** Text after the type, unfolded. */
  readonly diagnostic: string | null;
  /** Reply code at the start of an `smtp` diagnostic, null when there is none. */
  readonly smtpCode: number | null;
  /** Enhanced status code after it, often more exact than `status`; null when there is none. */
  readonly smtpStatus: string | null;
}

/** A received notification. Nothing in it is proved: its author may claim anything. */
export interface ParsedDsn {
  readonly reportingMta: string | null;
  readonly envelopeId: string | null;
  readonly recipients: readonly ParsedDsnRecipient[];
  /** Message-ID of the original with its angle brackets, from its returned header, else from a field that has it; null when there is none. */
  readonly originalMessageId: string | null;
}
