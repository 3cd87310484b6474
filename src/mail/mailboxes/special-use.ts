/** Special uses that a mailbox can have (RFC 6154 §2). `\All` and `\Flagged` designate virtual mailboxes, which we do not have. */
export type SpecialUse = '\\Archive' | '\\Drafts' | '\\Junk' | '\\Sent' | '\\Trash';

/** All special uses, as IMAP writes them. */
export const specialUses: readonly SpecialUse[] = ['\\Archive', '\\Drafts', '\\Junk', '\\Sent', '\\Trash'];

/** Mailboxes of every new account, all subscribed. */
export const initialMailboxes: readonly { readonly name: string; readonly specialUse: readonly SpecialUse[] }[] = [
  { name: 'INBOX', specialUse: [] },
  { name: 'Sent', specialUse: ['\\Sent'] },
  { name: 'Archive', specialUse: ['\\Archive'] },
  { name: 'Trash', specialUse: ['\\Trash'] },
  { name: 'Drafts', specialUse: ['\\Drafts'] },
  { name: 'Junk', specialUse: ['\\Junk'] },
];
