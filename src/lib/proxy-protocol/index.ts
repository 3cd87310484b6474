/**
 * The PROXY protocol, versions 1 (text) and 2 (binary), as HAProxy's proxy-protocol.txt specifies it: a header with which a proxy begins a connection
 * that it relays, so that the server knows the client.
 * Strict and only the receiver's side: reading the bytes and deciding who may send them belong to #host/net.
 */
export { parseProxyHeader, type ProxyHeader } from './header.ts';
