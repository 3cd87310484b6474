import { IdSpace } from '#lib/jmap';

/** Ids of accounts. */
export const accountIds = new IdSpace('A');
/** Ids of mailboxes: a mailbox keeps its own when it is renamed. */
export const mailboxIds = new IdSpace('M');
/** Ids of emails: a stored message has one, in however many mailboxes it is, and keeps it when it is moved. */
export const emailIds = new IdSpace('E');
/** Ids of push subscriptions. */
export const pushIds = new IdSpace('P');
/** Ids of threads. */
export const threadIds = new IdSpace('T');

/** Ids of identities that users made. */
export const identityIds = new IdSpace('I');
/** Ids of submissions. */
export const submissionIds = new IdSpace('S');

/** Base of an id: a message by its email, or an upload; then the part, and parts within that part where it is a message that is encoded. */
const blobPattern = /^(B[1-9][0-9]{0,15}|U[0-9a-f]{64})((?:P[0-9]{1,6}(?:-[0-9]{1,6}){0,99}){0,8})$/;

/** Bytes that can be downloaded: those of a message or an upload, or the decoded ones of a part. */
export interface BlobName {
  readonly base: { readonly email: number } | { readonly upload: string };
  /** Part numbers (RFC 9051 §6.4.5.1), each within the part before, read as a message; none for the whole. */
  readonly paths: readonly (readonly number[])[];
}

/** Returns the id of the blob that is the message of an email. */
export function writeBlobId(email: number): string {
  return `B${email}`;
}

/** Returns the id of the blob of a part of a message. @param messageBlobId  That of the message. */
export function partBlobId(messageBlobId: string, path: readonly number[]): string {
  return `${messageBlobId}P${path.join('-')}`;
}

/** Reads the id of a blob; null when it is none. */
export function readBlobId(id: string): BlobName | null {
  const [, base = '', parts = ''] = blobPattern.exec(id) ?? [];
  if (base === '' || (base.startsWith('B') && !Number.isSafeInteger(Number(base.slice(1))))) return null;
  const paths = parts
    .split('P')
    .slice(1)
    .map((path) => path.split('-').map(Number));
  return { base: base.startsWith('B') ? { email: Number(base.slice(1)) } : { upload: base }, paths };
}
