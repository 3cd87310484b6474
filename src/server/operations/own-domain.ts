import { parseDomain, type Domain } from '#lib/domain';
import { OperationRefused } from './arguments.ts';
import type { OperationsDeps } from './operations.ts';

const maxNamed = 5;

/** A domain of the configuration. @throws OperationRefused when it is none. */
export function ownDomain({ configuration }: OperationsDeps, text: string): Domain {
  const domain = parseDomain(text);
  if (!domain.ok) throw new OperationRefused(`${text} is not a domain: ${domain.reason}`);
  if (!configuration.directory.hasDomain(domain.value.ascii)) {
    const names = Object.keys(configuration.config.domains.domains);
    const more = names.length > maxNamed ? `, and ${names.length - maxNamed} more` : '';
    const has = names.length === 0 ? 'none' : `${names.slice(0, maxNamed).join(', ')}${more}`;
    throw new OperationRefused(`there is no domain ${text} in domains.yaml, which has ${has}`);
  }
  return domain.value;
}
