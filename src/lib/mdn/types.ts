/** Manner and kind of a disposition (RFC 8098 §3.2.6), in lower case. */
export interface MdnDisposition {
  readonly actionMode: 'manual-action' | 'automatic-action';
  readonly sendingMode: 'mdn-sent-manually' | 'mdn-sent-automatically';
  readonly type: 'deleted' | 'dispatched' | 'displayed' | 'processed';
}

/** Fields of the report in a notification (RFC 8098 §3.2); null where one is missing. */
export interface MdnReport {
  readonly reportingUA: string | null;
  readonly mdnGateway: string | null;
  /** `type; address`, as the next one. */
  readonly originalRecipient: string | null;
  readonly finalRecipient: string | null;
  /** With its angle brackets. */
  readonly originalMessageId: string | null;
  readonly disposition: MdnDisposition;
  readonly error: readonly string[];
  /** Fields outside the standard, as they are spelled. */
  readonly extensionFields: ReadonlyMap<string, string>;
}

/** Contents of a notification to write, without the original. */
export interface MdnContent extends MdnReport {
  readonly from: { readonly name: string; readonly email: string };
  readonly to: readonly string[];
  readonly subject: string;
  /** Text for people. */
  readonly text: string;
  /** A string that occurs in no part; letters, digits and hyphens. */
  readonly boundary: string;
}

/** A received notification. Nothing in it is proved. */
export interface ParsedMdn extends MdnReport {
  readonly subject: string | null;
  readonly text: string | null;
  /** The original, or its header, is the third part. */
  readonly hasOriginal: boolean;
}
