import { parseIp } from '#lib/domain';
import type { Channel } from '#ports/channel';
import type { Area } from '#server/http';
import { admissionTexts, Networks } from '#server/admission';
import { allAreas } from './area-list.ts';
import type { ServedPort, Service, ServiceContext } from './service.ts';

/** Name of a service for HTTP (RFC 9110), in plaintext or with TLS. */
type HttpKind = 'http' | 'https';

/** HTTP/1.1 and, with TLS, HTTP/2. */
export const httpServices: readonly Service[] = [
  {
    name: 'http',
    protocol: 'http',
    hasImmediateTls: false,
    forwarders: ({ http }) => http?.forwarded?.from ?? [],
    settings: ({ http }) => http,
    open: (context) => servePort(context, 'http'),
  },
  {
    name: 'https',
    protocol: 'http',
    hasImmediateTls: true,
    // Browsers would ask their users for a certificate.
    tls: { alpn: ['h2', 'http/1.1'], asksClientCertificate: false },
    forwarders: ({ https }) => https?.forwarded?.from ?? [],
    settings: ({ https }) => https,
    open: (context) => servePort(context, 'https'),
  },
];

/** A port, with what its first connection made. */
interface OpenedPort {
  readonly serve: (channel: Channel) => Promise<void>;
  readonly drain: () => void;
}

/** Begins to serve a port. The modules for HTTP are loaded by its first connection, so that they cost nothing before. */
function servePort(context: ServiceContext, kind: HttpKind): ServedPort {
  let opening: Promise<OpenedPort> | null = null;
  let isDraining = false;
  return {
    serve: async (channel) => {
      opening ??= openPort(context, kind);
      const { serve, drain } = await opening;
      if (isDraining) drain();
      await serve(channel);
    },
    drain: () => {
      isDraining = true;
      // A failure was logged by the connection that met it.
      opening?.then(({ drain }) => drain()).catch(() => undefined);
    },
  };
}

async function openPort(context: ServiceContext, kind: HttpKind): Promise<OpenedPort> {
  const { services, shared, config, hostname } = context;
  const { configuration, clock, log } = services;
  const [{ HttpServer, rawRefusal }, { router, securityHeaders }] = await Promise.all([
    import('#host/http-server'),
    import('#server/http'),
  ]);
  const settings = config[kind];
  // Browsers would remember it for localhost, or for as long as the certificate is not a real one.
  const headers = securityHeaders(kind === 'https' && !context.isSelfSigned && hostname !== 'localhost');
  const hosts = [hostname, configuration.config.server.hostname, ...(settings?.hosts ?? []).map(asInUrl)];
  const areas = await openAreas(context, new Set<string>(settings?.areas));
  const { isHttpHost: isHost } = services.parts;
  const { allowedOrigins = [], forwarded: forwarding } = settings ?? {};
  const handler = router({ areas, hosts, isHost, allowedOrigins, forwarding });
  const forwarders = new Networks(forwarding?.from ?? []);
  const server = new HttpServer({ handler, clock, headers });
  const serve = async (channel: Channel): Promise<void> => {
    // With immediate TLS the listener asked before the handshake.
    const { address } = channel.remote;
    const admitted = kind === 'https' || forwarders.has(address) ? null : shared.admission.connect('http', address);
    if (admitted !== null && admitted.kind !== 'admitted') {
      const answer = rawRefusal(429, [...headers, ['Retry-After', '60']], admissionTexts[admitted.kind]);
      await channel.write(answer)?.catch(() => undefined);
      return;
    }
    using _place = admitted?.place;
    await server.serve(channel, log.with({ cid: shared.nextConnectionId() }));
  };
  return { serve, drain: () => server.drain() };
}

/** Opens the areas of a port. */
async function openAreas(context: ServiceContext, names: ReadonlySet<string>): Promise<Area[]> {
  const { services, shared, config } = context;
  const { HttpLogins } = await import('#server/http');
  const logins = new HttpLogins({
    logins: shared.logins,
    credentials: services.checker,
    sessions: services.webSessions,
    allowPlaintextAuth: config.http?.allowPlaintextAuth === true,
  });
  const opened = { ...context, logins };
  return await Promise.all(allAreas.filter(({ name }) => names.has(name)).map(({ open }) => open(opened)));
}

/** A configured name as the host of a URL: IPv6 addresses are in brackets there (RFC 3986 §3.2.2). */
function asInUrl(host: string): string {
  const ip = parseIp(host);
  return ip.ok && ip.value.family === 6 ? `[${ip.value.text}]` : host;
}
