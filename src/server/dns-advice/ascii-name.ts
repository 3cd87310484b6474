import { parseDomain } from '#lib/domain';

/** A name of the configuration in A-labels. */
export function asciiName(name: string): string {
  const domain = parseDomain(name);
  return domain.ok ? domain.value.ascii : name.toLowerCase();
}
