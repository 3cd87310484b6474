/**
 * JMAP over our store: the area of HTTP and the methods of mail, one file each (RFC 8621). What is read is the account's emails across its mailboxes
 * (#mail/emails) and the stored descriptions of messages; requests and errors themselves are in #proto/jmap-server and #lib/jmap.
 */
export { jmapArea } from './jmap-area.ts';
export type { SendingServices } from './sending.ts';
export { pushLimits, type PushLimits } from './push/limits.ts';
export { WebPush } from './push/web-push.ts';
export { webPushLimits } from './push/web-push-limits.ts';
export { JmapShared } from './shared.ts';
