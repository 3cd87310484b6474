/**
 * Web Push as an application server does it: encrypted content (RFC 8188), messages that only their receiver can read (RFC 8291), and the
 * signature by which push services know the sender (RFC 8292). Formats only: requests and retries are in src/server/jmap/push.
 * Keys are made by WebCrypto, the one source of randomness here, because private keys need not be known.
 */
export { encryptMessage, importReceiverKey } from './encrypt-message.ts';
export { makeSenderKeys, makeVapidKey, vapidAuthorization, vapidPublicKey, type VapidKey } from './vapid.ts';
