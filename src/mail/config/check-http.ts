import { parseDomain, parseIp } from '#lib/domain';
import type { ConfigDocument, ConfigProblem } from './document.ts';
import type { ListenerConfig, ServerConfig } from './server-schema.ts';

/** Checks the names and origins of `http` and `https`: one that no browser can send is a mistake that would only show as 421 or 403. */
export function checkHttp(
  { problemAt }: ConfigDocument<ServerConfig>,
  id: string,
  listener: ListenerConfig,
): ConfigProblem[] {
  return (['http', 'https'] as const).flatMap((key) => {
    const { hosts = [], allowedOrigins = [] } = listener[key] ?? {};
    const path = ['listeners', id, key];
    return [
      ...hosts.flatMap((host, i) => {
        if (parseIp(host).ok) return [];
        const domain = parseDomain(host);
        if (domain.ok) return [];
        const fix = 'Write a name such as webmail.example.org or an IP address, without https:// and port';
        return [problemAt([...path, 'hosts', i], `not a host name: ${domain.reason}`, fix)];
      }),
      ...allowedOrigins.flatMap((origin, i) => {
        const sent = URL.parse(origin)?.origin ?? null;
        if (sent === origin) return [];
        const at = [...path, 'allowedOrigins', i];
        return sent === null
          ? [problemAt(at, 'is not an origin', 'Write it as https://webmail.example.org, without a path')]
          : [problemAt(at, 'is not as browsers write it', `Write ${sent}`)];
      }),
    ];
  });
}
