import type { Address, ForwardPath } from '#lib/address';
import type { ParsedDsn } from '#lib/dsn';
import type { MessageIndex } from '#lib/mime';
import type { Violation } from '#lib/receivers';
import type { ReceivedBody } from '#mail/content';

/** Result of asking whether a sender's domain can take mail. */
type SenderDomain =
  /** The null reverse-path, as of notices. */
  | { readonly kind: 'nullPath' }
  /** A domain of ours. */
  | { readonly kind: 'own' }
  /** DNS names a mail host with an address. */
  | { readonly kind: 'reachable' }
  /** Nothing was asked; `reason` is for people. */
  | { readonly kind: 'unchecked'; readonly reason: string };

/** Facts about the sender, found out at MAIL. */
export interface SenderFacts {
  readonly domain: SenderDomain;
}

/** A recipient that was accepted at RCPT, with the accounts behind it. */
export interface AcceptedRecipient {
  /** As in RCPT TO. */
  readonly address: ForwardPath;
  /** At least one. */
  readonly accounts: readonly string[];
  /** Several people may be behind it. */
  readonly isAlias: boolean;
  /** The From-ID in the address, by which a notice about mail that we sent is known; null for most. */
  readonly fromId: string | null;
}

/** A message that may be a notice about mail that we sent. */
export interface NoticeFacts {
  /** From-IDs in the addresses that it is for. */
  readonly fromIds: readonly string[];
  /** Null for no report that we can read. */
  readonly dsn: ParsedDsn | null;
  /** Its own Message-ID with angle brackets, null when it has none. */
  readonly messageId: string | null;
}

/** Facts that content sinks find out, by the name of the sink; null where a sink had nothing to do, or failed and may. */
export interface SinkFacts {
  /** Rules of well-known receivers that the message breaks; null when it was not looked for. */
  readonly receivers: readonly Violation[] | null;
  readonly notice: NoticeFacts | null;
}

/** Facts about the content. */
export interface ContentFacts extends SinkFacts {
  readonly body: ReceivedBody;
  readonly index: MessageIndex;
}

/** Everything known about a message when it is judged. */
export interface MessageFacts {
  readonly envelope: {
    readonly remoteIp: string;
    /** Argument of HELO or EHLO. */
    readonly helo: string | null;
    /** Null for the null reverse-path. */
    readonly from: Address | null;
    readonly sender: SenderFacts;
  };
  readonly content: ContentFacts;
}

/** Facts about one copy: the message for one account, by the first recipient that leads there. */
export interface CopyFacts {
  readonly recipient: AcceptedRecipient;
  readonly account: string;
  /** The quota of the account has room for it. */
  readonly hasRoom: boolean;
}
