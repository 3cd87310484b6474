import type { SendingServices } from '#server/jmap';
import type { Services } from './services.ts';

/** Facts about accounts that JMAP shows, by the configuration in force. */
interface JmapAccounts extends Pick<SendingServices, 'senderOf'> {
  /** Returns the bytes that an account may store; 0 without a limit. */
  readonly quotaBytesOf: (account: string) => number;
}

/** Makes what JMAP shows of the configuration. */
export function jmapAccounts({ configuration }: Pick<Services, 'configuration'>): JmapAccounts {
  return {
    quotaBytesOf: (account) => configuration.config.domains.accounts[account]?.quota ?? 0,
    senderOf: (account) => {
      const { fullName = '', addresses = [] } = configuration.config.domains.accounts[account] ?? {};
      return { fullName, addresses };
    },
  };
}
