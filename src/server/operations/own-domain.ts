import { parseDomain, type Domain } from '#lib/domain';
import { OperationRefused } from './arguments.ts';
import type { OperationsDeps } from './operations.ts';

/** A domain of the configuration. @throws OperationRefused when it is none. */
export function ownDomain({ configuration }: OperationsDeps, text: string): Domain {
  const domain = parseDomain(text);
  if (!domain.ok) throw new OperationRefused(`${text} is not a domain: ${domain.reason}`);
  if (!configuration.directory.hasDomain(domain.value.ascii)) {
    throw new OperationRefused(`there is no domain ${text}: add it to domains.yaml first`);
  }
  return domain.value;
}
