import type { JsonObject } from '#lib/jmap';
import { coreMethods, type JmapMethod } from '#proto/jmap-server';
import { blobCopy, emailCopy } from './account-copy.ts';
import { blobGet } from './blob-get.ts';
import { blobLookup } from './blob-lookup.ts';
import { blobUpload } from './blob-upload.ts';
import { emailChanges } from './email-changes-method.ts';
import { emailGet } from './email-get.ts';
import { emailImport } from './email-import.ts';
import { emailParse } from './email-parse.ts';
import { emailQueryChanges } from './email-query-changes.ts';
import { emailQuery } from './email-query.ts';
import { emailSorts } from './email-sort.ts';
import { emailSet } from './email-set.ts';
import { emailSubmissionChanges, emailSubmissionGet } from './email-submission-methods.ts';
import { emailSubmissionQuery, emailSubmissionQueryChanges } from './email-submission-query.ts';
import { emailSubmissionSet } from './email-submission-set.ts';
import { emailWhy } from './email-why.ts';
import { identityChanges, identityGet } from './identity-methods.ts';
import { identitySet } from './identity-set.ts';
import type { MailContext } from './mail-context.ts';
import { mailboxChanges, mailboxGet } from './mailbox-methods.ts';
import { mailboxQueryChanges } from './mailbox-query-changes.ts';
import { mailboxQuery } from './mailbox-query.ts';
import { mailboxSet } from './mailbox-set.ts';
import { mdnParse } from './mdn-parse.ts';
import { mdnSend } from './mdn-send.ts';
import { pushSubscriptionGet } from './push/subscription-get.ts';
import { pushSubscriptionSet } from './push/subscription-set.ts';
import { quotaChanges, quotaGet, quotaQuery, quotaQueryChanges } from './quota-methods.ts';
import { searchSnippetGet } from './search-snippet.ts';
import { threadChanges, threadGet } from './thread-methods.ts';

/** All methods of the server, by name. A feature adds its own here. */
export const allMethods: ReadonlyMap<string, JmapMethod<MailContext>> = new Map(
  [
    ...coreMethods,
    pushSubscriptionGet,
    pushSubscriptionSet,
    mailboxGet,
    mailboxChanges,
    mailboxQuery,
    mailboxQueryChanges,
    mailboxSet,
    threadGet,
    threadChanges,
    emailGet,
    emailChanges,
    emailCopy,
    emailImport,
    emailParse,
    emailQuery,
    emailQueryChanges,
    emailSet,
    emailWhy,
    searchSnippetGet,
    blobCopy,
    blobGet,
    blobLookup,
    blobUpload,
    identityGet,
    identityChanges,
    identitySet,
    emailSubmissionGet,
    emailSubmissionChanges,
    emailSubmissionQuery,
    emailSubmissionQueryChanges,
    emailSubmissionSet,
    mdnSend,
    mdnParse,
    quotaGet,
    quotaChanges,
    quotaQuery,
    quotaQueryChanges,
  ].map((method) => [method.name, method]),
);

/** Returns the mail capability of an account (RFC 8621 §1.3.1). */
export const mailCapability = ({ isReadOnly, limits }: MailContext): JsonObject => ({
  maxMailboxesPerEmail: null,
  maxMailboxDepth: 32,
  maxSizeMailboxName: 1024,
  maxSizeAttachmentsPerEmail: limits.maxSizeAttachmentsPerEmail,
  emailQuerySortOptions: emailSorts,
  mayCreateTopLevelMailbox: !isReadOnly,
});
