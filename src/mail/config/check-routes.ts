import { parseAddressDomain } from '#lib/address';
import { parseDomain } from '#lib/domain';
import type { ConfigDocument, ConfigProblem } from './document.ts';
import type { DomainsConfig } from './domains-schema.ts';
import type { RouteConfig } from './routes-schema.ts';
import type { ServerConfig } from './server-schema.ts';

/** What routes name when mail is to go to the hosts of the domain, as without routes. */
export const directName = 'direct';

type Transports = ServerConfig['transports'];
type Path = readonly (string | number)[];

/** Checks the routes of `server.yaml`: their transports are there, their domains are domains. */
export function checkServerRoutes(document: ConfigDocument<ServerConfig>): ConfigProblem[] {
  const { routes, transports } = document.value;
  return checkRoutes(document, [], routes, transports);
}

/** Checks the routes of domains and accounts against the transports of `server.yaml`. */
export function checkDomainRoutes(document: ConfigDocument<DomainsConfig>, transports: Transports): ConfigProblem[] {
  return (['domains', 'accounts'] as const).flatMap((kind) =>
    Object.entries(document.value[kind]).flatMap(([name, { routes }]) =>
      checkRoutes(document, [kind, name], routes, transports),
    ),
  );
}

function checkRoutes(
  { problemAt }: ConfigDocument<unknown>,
  owner: Path,
  routes: readonly RouteConfig[],
  transports: Transports,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const [i, route] of routes.entries()) {
    const path = [...owner, 'routes', i];
    if (route.transport !== directName && !Object.hasOwn(transports, route.transport)) {
      const names = [directName, ...Object.keys(transports)].slice(0, 6).join(', ');
      const reason = `no transport ${route.transport}`;
      problems.push(problemAt([...path, 'transport'], reason, `Transports are: ${names}`));
    }
    for (const key of ['fromDomain', 'toDomain'] as const) {
      for (const [j, text] of route[key].entries()) {
        const reason = patternProblem(text, key === 'toDomain');
        if (reason === null) continue;
        const fix = 'Write example.org, or .example.org for it and all below it; leave the list out for all domains';
        problems.push(problemAt([...path, key, j], reason, fix));
      }
    }
  }
  return problems;
}

/** Why a text is not a domain, or a domain with all below it; null when it is. */
function patternProblem(text: string, allowsLiteral: boolean): string | null {
  if (allowsLiteral && text.startsWith('[')) {
    const literal = parseAddressDomain(text);
    return literal.ok ? null : `not an address literal: ${literal.reason}`;
  }
  if (text.includes('*')) return 'there are no wildcards here';
  if (text.includes('@')) return 'this is an address, not a domain';
  const domain = parseDomain(text.startsWith('.') ? text.slice(1) : text);
  return domain.ok ? null : `not a domain: ${domain.reason}`;
}
