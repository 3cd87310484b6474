import type { ServerUnderTest } from './server-under-test.ts';

/** Returns the first address of HTTP, or HTTPS, that `localserve` printed, without a slash at its end. */
export function httpAddress(server: Pick<ServerUnderTest, 'log'>, scheme: 'http' | 'https' = 'http'): string {
  const port = new RegExp(`^ *${scheme} +${scheme}://localhost:(\\d+) `, 'm').exec(server.log())?.[1];
  if (port === undefined) throw new Error(`no port for ${scheme} in: ${server.log()}`);
  return `${scheme}://127.0.0.1:${port}`;
}
