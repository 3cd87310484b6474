/** Header fields with which proxies say for which client they forward a request: Forwarded (RFC 7239) and the older X-Forwarded ones. Strict; which of them to believe is not decided here. */
export { parseForwarded, parseXForwarded, type ForwardedHop } from './forwarded.ts';
