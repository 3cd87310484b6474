import { parseDomain, type Domain } from '#lib/domain';
import type { Config, DkimConfig } from '#mail/config';

/** One selector of one domain of the configuration. */
export interface ConfiguredSelector {
  /** `d=`. */
  readonly domain: Domain;
  /** `s=`. */
  readonly selector: Domain;
  readonly settings: DkimConfig['selectors'][string];
  /** True when it signs; otherwise it is only kept. */
  readonly signs: boolean;
  /** Its place in `domains.yaml`. */
  readonly path: readonly string[];
}

/** All selectors of a checked configuration, domain by domain. */
export function selectorsOf(config: Config): ConfiguredSelector[] {
  return Object.entries(config.domains.domains).flatMap(([name, { dkim }]) =>
    Object.entries(dkim.selectors).map(([selector, settings]) => ({
      domain: checked(name),
      selector: checked(selector),
      settings,
      signs: dkim.sign.includes(selector),
      path: ['domains', name, 'dkim', 'selectors', selector],
    })),
  );
}

function checked(name: string): Domain {
  const domain = parseDomain(name, { allowUnderscore: true });
  if (!domain.ok) throw new Error(`${name} passed the check of the configuration: ${domain.reason}`);
  return domain.value;
}
