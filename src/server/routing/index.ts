/**
 * Routes as the queue asks them: the `Routing` of #mail/queue, over the configuration in force. Decisions are made in #mail/routes.
 */
export { ConfiguredRouting } from './configured-routing.ts';
