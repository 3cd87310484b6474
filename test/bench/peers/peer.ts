import type { Sink } from '../load/sink.ts';

/** A mail server under test: started in a folder of its own on loopback, with accounts `user0@bench.test` … and password `bench-password`. */
export interface Peer extends AsyncDisposable {
  readonly name: string;
  /** Mail from other servers. */
  readonly smtpPort: number;
  readonly imapPort: number;
  /** Mail from users, with AUTH; for other domains it goes to the sink. */
  readonly submissionPort: number;
  /** Relay for mail to other domains, null for none. */
  readonly sink: Sink | null;
  /** Process whose tree is measured for memory. */
  readonly pid: number;
  /** From the start command to the first SMTP banner. */
  readonly startMs: number;
  /** Stops the part that serves IMAP, starts it again on the same data and port, and waits for its greeting. */
  restart(): Promise<void>;
}

/** Connections that every peer may open to the sink. */
export const relayConnections = 50;
/** Accounts that every peer has. */
export const accountCount = 10;
/** Password of every account. */
export const password = 'bench-password';
/** Address of an account. */
export const addressOf = (account: number): string => `user${account}@bench.test`;
