import type { Area, HttpLogins } from '#server/http';
import type { ServiceContext } from './service.ts';

/** Dependencies of an area on one port. */
export interface AreaContext extends ServiceContext {
  readonly logins: HttpLogins;
}

/** An area that listeners can offer. Its modules are loaded when a listener has it, so a server without HTTP does not pay for them. */
export interface AreaOffer {
  /** Name in the setting `areas`. */
  readonly name: string;
  readonly open: (context: AreaContext) => Promise<Area>;
}

/** All areas. An area is a folder of its own and a line here. */
export const allAreas: readonly AreaOffer[] = [
  {
    name: 'start',
    open: async ({ hostname, openPorts }) => {
      const { startPage } = await import('#server/start-page');
      return startPage({ hostname, services: openPorts });
    },
  },
  {
    name: 'well-known',
    open: async ({ hostname, services: { clock, configuration } }) => {
      const { wellKnown } = await import('#server/well-known');
      return wellKnown({ hostname, clock, securityTxt: configuration.config.server.securityTxt });
    },
  },
  {
    name: 'web-session',
    open: async ({ logins, services }) => {
      const { webSessionArea } = await import('#server/web-session');
      return webSessionArea({ logins, sessions: services.webSessions });
    },
  },
  {
    name: 'jmap',
    open: async (context) => {
      const { logins, services, hostname, shared } = context;
      const { jmapArea } = await import('#server/jmap');
      const { jmapAccounts } = await import('./jmap-accounts.ts');
      const { jmapSending } = await import('./jmap-sending.ts');
      const { Stories } = await import('#mail/story');
      const { accounts, clock, contentMemory, databases, queueSettings: settings, random, refusals } = services;
      const stories = new Stories({ db: databases.server, accounts, refusals, settings });
      const { quotaBytesOf } = jmapAccounts(services);
      const ports = await shared.jmap();
      const sending = jmapSending(context);
      const deps = { accounts, logins, clock, random, hostname, contentMemory, stories, quotaBytesOf, sending };
      return jmapArea({ ...deps, shared: ports });
    },
  },
];
