import { parseAddressDomain } from '#lib/address';
import { parseDomain } from '#lib/domain';
import type { ConfigDocument, ConfigProblem } from './document.ts';
import type { DomainsConfig } from './domains-schema.ts';
import type { RouteConfig } from './routes-schema.ts';
import type { ServerConfig } from './server-schema.ts';

/** Name in routes for delivery to the hosts of the domain, as without routes. */
export const directName = 'direct';

/** Configuration that routes depend on. */
type RouteFacts = Pick<ServerConfig, 'transports' | 'queue'>;
type Path = readonly (string | number)[];

/** Checks the routes of `server.yaml`: their transports must exist, and their domains must be valid. */
export function checkServerRoutes(document: ConfigDocument<ServerConfig>): ConfigProblem[] {
  return checkRoutes(document, [], document.value.routes, document.value);
}

/** Checks the routes of domains and accounts against `server.yaml`. */
export function checkDomainRoutes(document: ConfigDocument<DomainsConfig>, server: RouteFacts): ConfigProblem[] {
  return (['domains', 'accounts'] as const).flatMap((kind) =>
    Object.entries(document.value[kind]).flatMap(([name, { routes }]) =>
      checkRoutes(document, [kind, name], routes, server),
    ),
  );
}

function checkRoutes(
  { problemAt }: ConfigDocument<unknown>,
  owner: Path,
  routes: readonly RouteConfig[],
  { transports, queue }: RouteFacts,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const most = mostAttempts(queue);
  for (const [i, route] of routes.entries()) {
    const path = [...owner, 'routes', i];
    if (route.transport !== directName && !Object.hasOwn(transports, route.transport)) {
      const names = [directName, ...Object.keys(transports)].slice(0, 6).join(', ');
      const reason = `no transport ${route.transport}`;
      problems.push(problemAt([...path, 'transport'], reason, `Transports are: ${names}`));
    }
    if (route.minimumAttempts >= most) {
      const reason = `never matches: queue.retryAfter and queue.maxAge leave time for ${most} attempts, and none is made after ${route.minimumAttempts}`;
      const fix = `Write at most ${most - 1}, or make queue.maxAge longer or queue.retryAfter shorter`;
      problems.push(problemAt([...path, 'minimumAttempts'], reason, fix));
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

/** Returns the reason why a text is not a domain pattern (a domain, or one with all below it); null when it is valid. */
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

const countedAttempts = 1002;
const minuteMs = 60_000;

/**
 * Returns the greatest number of attempts at one message, at most 1002: the first at once, one after each wait, and the last at the end of `maxAge`,
 * which replaces one just before it. The schedule itself is `nextStep` of #mail/queue.
 */
function mostAttempts({ retryAfter, maxAge }: Pick<ServerConfig['queue'], 'retryAfter' | 'maxAge'>): number {
  let attempts = 1;
  for (let ageMs = 0; ageMs < maxAge && attempts < countedAttempts; attempts += 1) {
    const wait = retryAfter[Math.min(attempts, retryAfter.length) - 1] ?? maxAge;
    ageMs += wait;
    if (maxAge - ageMs < Math.min(30 * minuteMs, wait / 8)) ageMs = maxAge;
  }
  return attempts;
}
