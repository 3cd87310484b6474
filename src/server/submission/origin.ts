import { writeAddress } from '#lib/address';
import { acceptanceOf, writeOrigin, type SubmissionOrigin } from '#mail/story';
import type { PreparedHeader } from '#mail/submission';
import type { SessionFacts, Transaction } from '#proto/smtp-server';
import type { SignatureResult } from './outgoing-signature.ts';

/** Facts about a submitted message when it is queued. */
interface SubmissionFacts {
  readonly facts: SessionFacts;
  readonly transaction: Transaction;
  readonly header: PreparedHeader;
  readonly signature: SignatureResult;
  /** Its body was encoded so that every host takes it. */
  readonly isConverted: boolean;
}

/** Describes how a message was submitted, for its story. */
export function submissionOrigin({ facts, transaction, header, signature, isConverted }: SubmissionFacts): string {
  return writeOrigin({
    kind: 'submission',
    by: acceptanceOf(facts),
    author: writeAddress(header.from, 'unicode'),
    added: fieldNames(header.added),
    removed: header.removed,
    dkim:
      signature.kind === 'unsigned' ? { unsigned: signature.reason } : { signatures: signaturesOf(signature.fields) },
    isChunked: transaction.chunked,
    ...(isConverted && { isConverted }),
  });
}

function fieldNames(fields: string): string[] {
  return fields
    .split('\r\n')
    .filter((line) => line !== '')
    .map((line) => line.slice(0, line.indexOf(':')));
}

/** Domain, selector and algorithm of each signature that we made. */
function signaturesOf(
  fields: string,
): Extract<SubmissionOrigin['dkim'], { readonly signatures: unknown }>['signatures'] {
  return fields
    .split(/\r\n(?![ \t])/)
    .filter((field) => field !== '')
    .map((field) => {
      const [selector, domain, algorithm] = shownTags.map((tag) => tag.exec(field)?.[1] ?? '');
      return `selector ${selector} of ${domain} (${algorithm})`;
    });
}

/** The tags `s`, `d` and `a` (RFC 6376 §3.5). */
const shownTags = [/[:;]\s*s=\s*([^;\s]+)/, /[:;]\s*d=\s*([^;\s]+)/, /[:;]\s*a=\s*([^;\s]+)/];
