/**
 * IMAP over our store: answers what the session asks (#proto/imap-server) by calling the services of one account.
 * The two ideas of a message, ours and IMAP's, meet here and nowhere else.
 */
export { ImapGlue } from './imap-glue.ts';
