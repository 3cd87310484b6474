/**
 * How mail leaves the queue: over our SMTP client, by one of several transports, or to our own port.
 * The Transmitter of #mail/queue, implemented: each kind of transport is a file (direct, relay, socks, fail), and all but the last try hosts alike.
 * What DANE, MTA-STS, the sender and the operator demand of TLS is asked before each host and judged before mail goes over a connection; a connection
 * that carried a message waits a few seconds for the next one to the same host, and is judged again then.
 * Within an attempt a host has its share of the time, and no other is asked once it may have the message; in the next one it comes last.
 * Nothing here decides when to try again, or which transport a message takes.
 */
export { TransportSecrets } from './secrets.ts';
export { SmtpTransmitter } from './smtp-transmitter.ts';
