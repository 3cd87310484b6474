import { IdSpace } from '#lib/jmap';

/** Ids of accounts. */
export const accountIds = new IdSpace('A');
/** Ids of mailboxes: a mailbox keeps its own when it is renamed. */
export const mailboxIds = new IdSpace('M');
/** Ids of emails: a stored message has one, in however many mailboxes it is, and keeps it when it is moved. */
export const emailIds = new IdSpace('E');
/** Ids of threads. */
export const threadIds = new IdSpace('T');

const blobPattern = /^B([1-9][0-9]{0,15})(?:P([0-9]{1,6}(?:-[0-9]{1,6}){0,99}))?$/;

/** Bytes that can be downloaded: those of a message, or the decoded ones of a part. */
export interface BlobName {
  readonly email: number;
  /** Part number (RFC 9051 §6.4.5.1); null for the whole message. */
  readonly path: readonly number[] | null;
}

/** Returns the id of a blob. */
export function writeBlobId({ email, path }: BlobName): string {
  return path === null ? `B${email}` : `B${email}P${path.join('-')}`;
}

/** Reads the id of a blob; null when it is none. */
export function readBlobId(id: string): BlobName | null {
  const [, email, path] = blobPattern.exec(id) ?? [];
  if (email === undefined || !Number.isSafeInteger(Number(email))) return null;
  return { email: Number(email), path: path === undefined ? null : path.split('-').map(Number) };
}
