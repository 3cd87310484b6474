import type { SessionOptions } from '#proto/smtp-server';
import { developmentLimits } from './limits.ts';

/**
 * Returns the options with which programs of developers are served: whatever they send is taken, without limits when they are on a trusted network.
 * @param isStartTlsWanted  The configuration says so: where it says nothing there is none on the port for incoming mail, as programs use it
 *   unasked and do not trust the certificate.
 */
export function lenientSessions(
  options: SessionOptions,
  isStartTlsWanted: boolean | undefined,
): { readonly usual: SessionOptions; readonly trusted: SessionOptions } {
  const isMx = options.kind === 'mx';
  const usual: SessionOptions = {
    ...options,
    startTls: options.startTls && (!isMx || isStartTlsWanted === true),
    authWithoutTls: options.authWithoutTls || isMx,
    lenient: !options.pedantic,
  };
  return { usual, trusted: { ...usual, limits: { ...developmentLimits, ...usual.limits } } };
}
