/**
 * The last step of a message: from received bytes into mailboxes (flow 1). Everything that decides whether a message is accepted
 * came before; everything that others notice comes from the account's log.
 */
export { LocalDelivery, type DeliveryResult, type LocalRecipient } from './local-delivery.ts';
