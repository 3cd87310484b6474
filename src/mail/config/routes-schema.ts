import { z } from 'zod';
import { count } from './units.ts';

const domains = (doc: string) => z.array(z.string().min(1)).default([]).meta({ description: doc });

const route = z
  .strictObject({
    fromDomain: domains('Domains of the sender: example.org, or .example.org with all below it. Default: any.'),
    toDomain: domains('Domains of the recipient: example.org, or .example.org with all below it. Default: any.'),
    minimumAttempts: count('attempts', 'Attempts that were made before; 3 is: from the fourth attempt on.', {
      min: 0,
      max: 1000,
    }).default(0),
    transport: z.string().min(1).meta({
      description: 'A transport of server.yaml, or direct: to the hosts of the domain, as without routes.',
    }),
  })
  .meta({ description: 'Conditions that must all hold, and where mail goes then.' });

/** Schema of a list of routes of the server, a domain or an account. */
export const routes = (whose: string) =>
  z
    .array(route)
    .default([])
    .meta({
      description: `Routes for ${whose}; the first that matches decides, for each recipient and attempt anew.`,
    });

/** One route of a checked configuration. */
export type RouteConfig = z.output<typeof route>;
