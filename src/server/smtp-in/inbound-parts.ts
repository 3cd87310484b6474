import type { Address } from '#lib/address';
import type { Config } from '#mail/config';
import type { AddressLookup, Directory } from '#mail/directory';
import { standardPolicy, type InboundPolicy } from '#mail/inbound';
import type { AuthBackend } from '#proto/smtp-server';
import type { InboundSinks } from './content-sinks.ts';

/** The parts of receiving that may be replaced, while one configuration is in force. */
export interface InboundParts {
  /** Logins on the port of other servers; null for none. */
  readonly auth: AuthBackend | null;
  /** Finds the accounts behind a recipient. */
  readonly lookup: (recipient: Address) => AddressLookup;
  /** Given the usual list, returns the sinks that content goes through. */
  readonly sinks: (usual: InboundSinks) => InboundSinks;
  readonly policy: InboundPolicy;
}

/** Makes the parts for a configuration and its directory. */
export type InboundPartsMaker = (config: Config, directory: Directory) => InboundParts;

/** Makes the parts of a server that takes mail for its users alone. A policy that depends on settings is made here, of `config`; localserve's is put around it. */
export const standardParts: InboundPartsMaker = (_config, directory) => ({
  auth: null,
  lookup: (recipient) => directory.lookup(recipient),
  sinks: (usual) => usual,
  policy: standardPolicy,
});
