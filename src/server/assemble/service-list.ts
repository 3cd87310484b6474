import { httpServices } from './http-service.ts';
import { imapServices } from './imap-service.ts';
import type { Service } from './service.ts';
import { smtpServices } from './smtp-service.ts';

/** All services, in the order in which a listener opens their ports. */
export const allServices: readonly Service[] = [...smtpServices, ...imapServices, ...httpServices];
