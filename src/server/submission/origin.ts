import { writeAddress } from '#lib/address';
import { acceptanceOf, writeOrigin, type SubmissionOrigin } from '#mail/story';
import type { PreparedHeader } from '#mail/submission';
import type { SessionFacts, Transaction } from '#proto/smtp-server';

/** Facts about a submitted message when it is queued. */
interface SubmissionFacts {
  readonly facts: SessionFacts;
  readonly transaction: Transaction;
  readonly header: PreparedHeader;
  /** DKIM-Signature fields, empty without any. */
  readonly signed: string;
  readonly isLocalserve: boolean;
  /** Its body was encoded so that every host takes it. */
  readonly isConverted: boolean;
}

/** Describes how a message was submitted, for its story. */
export function submissionOrigin({
  facts,
  transaction,
  header,
  signed,
  isLocalserve,
  isConverted,
}: SubmissionFacts): string {
  return writeOrigin({
    kind: 'submission',
    by: acceptanceOf(facts),
    author: writeAddress(header.from, 'unicode'),
    added: fieldNames(header.added),
    removed: header.removed,
    dkim: signed === '' ? { unsigned: unsignedReason(isLocalserve) } : { signatures: signaturesOf(signed) },
    isChunked: transaction.chunked,
    ...(isConverted && { isConverted }),
  });
}

function unsignedReason(isLocalserve: boolean): string {
  return isLocalserve ? 'a development server signs nothing' : 'no key is in use for the domains of author and sender';
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
