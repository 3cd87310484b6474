import { once } from 'node:events';
import { createServer } from 'node:https';
import { createSecureContext } from 'node:tls';
import type { CertificatePem } from '#host/certificates';

/** Content of `https://mta-sts.DOMAIN/.well-known/mta-sts.txt`. */
export interface PolicySite {
  readonly tls: CertificatePem;
  readonly body: string;
  /** 200 when absent. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A web server with the MTA-STS policies of several domains. */
export interface PolicyServer extends AsyncDisposable {
  /** Host names asked for, in this order. */
  readonly asked: readonly string[];
}

const path = '/.well-known/mta-sts.txt';

/** Starts it on port 443 of an address, which needs root. @param sites  By domain; may change. */
export async function startPolicyServer(
  address: string,
  sites: ReadonlyMap<string, PolicySite>,
): Promise<PolicyServer> {
  const asked: string[] = [];
  const siteOf = (host: string): PolicySite | undefined => sites.get(host.replace(/^mta-sts\./, ''));
  const server = createServer(
    {
      SNICallback: (name, done) => {
        const site = siteOf(name);
        if (site === undefined) done(new Error(`no site ${name}`));
        else done(null, createSecureContext({ cert: site.tls.certPem, key: site.tls.keyPem }));
      },
    },
    (request, response) => {
      const host = request.headers.host ?? '';
      asked.push(host);
      const site = request.url === path ? siteOf(host) : undefined;
      response.writeHead(site?.status ?? (site === undefined ? 404 : 200), {
        'content-type': 'text/plain',
        ...site?.headers,
      });
      response.end(site?.body);
    },
  );
  // Clients that refuse the certificate are what is tested.
  server.on('tlsClientError', () => {});
  server.listen(443, address);
  await once(server, 'listening');
  return {
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}
