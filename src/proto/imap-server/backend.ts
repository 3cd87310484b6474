import type { ModSeq, Uid, UidValidity } from '#lib/ids';
import type { CredentialStore, Identity, MechanismName, SaslFailure } from '#lib/sasl';
import type { SelectedMailbox } from './selected-mailbox.ts';

/** A login whose proof failed. `failure` other than `credentials` is not a guess at a password. */
export interface FailedLogin {
  readonly mechanism: MechanismName;
  /** Login name, null when the exchange ended before the client gave it. */
  readonly login: string | null;
  readonly failure: SaslFailure;
  readonly reason: string;
}

/**
 * Services of the server for one IMAP connection before login. Any method may throw `No`, which becomes the
 * command's answer, or `Bye`, which ends the connection; any other exception is a bug and answered `NO [SERVERBUG]`.
 */
export interface ImapBackend {
  readonly credentials: CredentialStore;
  /** Called before each LOGIN and AUTHENTICATE. Throws `No` or `Bye` when this peer has failed too often (RFC 9051 §11.7). */
  admitLogin(mechanism: MechanismName): Promise<void>;
  /** Records a login whose proof failed, for logs and limits; must not throw. */
  noteFailedLogin(failed: FailedLogin): void;
  /** Fields of the client's ID command (RFC 2971 §3.1), for logs. */
  noteClientId(fields: ReadonlyMap<string, string | null>): void;
  /** Decides about a user whose identity is proved, records that, and opens the account. Throws `No` with AUTHORIZATIONFAILED when the login is refused. */
  open(identity: Identity): Promise<AccountBackend>;
}

/** Special-use attributes that mailboxes can have (RFC 6154 §2), as they are sent. */
export type SpecialUse = '\\All' | '\\Archive' | '\\Drafts' | '\\Flagged' | '\\Junk' | '\\Sent' | '\\Trash';

/**
 * A mailbox of the account. Names here are Unicode in NFC with `/` between the levels; the inbox is always exactly `INBOX`,
 * also as the first level of its children (RFC 9051 §5.1). The session converts them to and from the wire form (modified UTF-7).
 */
export interface MailboxEntry {
  readonly name: string;
  /** False for a name that is only subscribed to (RFC 9051 §6.3.7). */
  readonly exists: boolean;
  /** False for \Noselect (RFC 9051 §7.3.1). */
  readonly selectable: boolean;
  readonly subscribed: boolean;
  readonly specialUse: readonly SpecialUse[];
}

/** Counters of a mailbox, as STATUS needs them (RFC 9051 §6.3.11, RFC 8438 §3). */
export interface MailboxStatus {
  readonly messages: number;
  readonly uidNext: number;
  readonly uidValidity: UidValidity;
  /** Messages without \Seen. */
  readonly unseen: number;
  /** Messages with \Deleted. */
  readonly deleted: number;
  /** Sum of RFC822.SIZE of all messages. */
  readonly sizeBytes: number;
  /** Sum of RFC822.SIZE of messages with \Deleted. */
  readonly deletedSizeBytes: number;
  readonly highestModSeq: ModSeq;
}

/** Arguments of APPEND before the bytes of a message. */
export interface AppendHead {
  /** `SystemFlag` bits. */
  readonly flagBits: number;
  /** Keywords as the client spells them. */
  readonly keywords: readonly string[];
  /** INTERNALDATE in ms since 1970; null for the current time (RFC 9051 §6.3.12). */
  readonly internalDateMs: number | null;
  /** Number of bytes that will be written. */
  readonly sizeBytes: number;
}

/** Receiver of the bytes of one message of an APPEND. */
export interface AppendSink {
  /** Takes the next bytes, which must not change afterwards. */
  write(chunk: Uint8Array): Promise<void>;
  /** Ends the message: parses and stores it, not visible yet. */
  finish(): Promise<void>;
}

/** An APPEND of one or more messages, all or nothing (RFC 3502 §6.3.11). Disposing without `commit` leaves nothing behind. */
export interface AppendBatch extends AsyncDisposable {
  /** Begins the next message; the previous one must be finished. Throws `No` (TOOBIG, OVERQUOTA, LIMIT) before any byte is read. */
  message(head: AppendHead): Promise<AppendSink>;
  /** Makes all finished messages visible in order; durable when it resolves. Throws `No` TRYCREATE when the mailbox no longer exists. */
  commit(): Promise<{ readonly uidValidity: UidValidity; readonly uids: readonly Uid[] }>;
}

/** Largest message in bytes, for APPENDLIMIT (RFC 7889 §3.1); null when only the client's 2^63-1 limits it. */
export type AppendLimitBytes = number | null;

/**
 * One account as one logged-in connection sees it. Every read shows only what is durable; every change is durable when it resolves.
 * Methods throw `No` with the code that fits: NONEXISTENT, ALREADYEXISTS, TRYCREATE, HASCHILDREN, CANNOT, USEATTR, OVERQUOTA, INUSE.
 */
export interface AccountBackend extends AsyncDisposable {
  /** Name of the account, for logs. */
  readonly name: string;
  readonly appendLimitBytes: AppendLimitBytes;
  /** True when this login may read only: mailboxes are then opened with `readOnly`, and no method that changes anything is called. */
  readonly isReadOnly: boolean;
  /** Returns all mailboxes and subscribed names, sorted by name with INBOX first. */
  mailboxes(): Promise<readonly MailboxEntry[]>;
  /** Returns the counters for each name, in order; null where there is no such mailbox. */
  status(names: readonly string[]): Promise<readonly (MailboxStatus | null)[]>;
  /** Creates a mailbox with missing parents; does not subscribe to them. USEATTR when a special use cannot be given (RFC 6154 §3). */
  create(name: string, specialUse: readonly SpecialUse[]): Promise<void>;
  /** Removes a mailbox and its messages, not the mailboxes below it (RFC 9051 §6.3.5). Never called for INBOX. */
  delete(name: string): Promise<void>;
  /** Renames a mailbox with everything below it, and no subscription; renaming INBOX moves its messages instead (RFC 9051 §6.3.6). */
  rename(from: string, to: string): Promise<void>;
  /** Subscribes or unsubscribes; the name need not exist (RFC 9051 §6.3.7). */
  subscribe(name: string, subscribed: boolean): Promise<void>;
  /** Opens a mailbox for this session. With `readOnly` no method that changes messages is called. */
  select(name: string, readOnly: boolean): Promise<SelectedMailbox>;
  /** Begins an APPEND. Throws `No` TRYCREATE when there is no such mailbox (RFC 9051 §6.3.12: MUST). */
  append(name: string): Promise<AppendBatch>;
  /** Calls `fn` when anything in the account may have changed. Only a hint: it may come early, twice or merged with another, but is never lost. */
  onChange(fn: () => void): Disposable;
}
