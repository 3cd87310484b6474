/**
 * Who an address belongs to: accounts, aliases, catch-alls, postmaster. Pure lookups over one configuration snapshot;
 * nothing here knows sessions, replies or storage.
 */
export { Directory, type AddressLookup } from './directory.ts';
