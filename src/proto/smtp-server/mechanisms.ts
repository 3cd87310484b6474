import { mechanismTraits, type ChannelBindings, type MechanismName } from '#lib/sasl';
import type { Context } from './context.ts';

/** Mechanisms to offer right now: none without TLS unless allowed; EXTERNAL with a client certificate only; -PLUS with channel binding only. */
export function offeredMechanisms(context: Context): readonly MechanismName[] {
  const { auth } = context.backend;
  if (auth === null || (context.tls === null && !context.options.authWithoutTls)) return [];
  return auth.mechanisms.filter((mechanism) => unavailable(context, mechanism) === null);
}

/** Returns the requirement of `mechanism` that this connection lacks; null when none. */
export function unavailable(context: Context, mechanism: MechanismName): 'tls' | 'certificate' | 'binding' | null {
  const { tls, options } = context;
  const { secret, showsSecret, bindsToTls } = mechanismTraits(mechanism);
  if (tls === null) {
    const needsTls = secret === 'certificate' || bindsToTls;
    // RFC 4954 §4: mechanisms that send the password in plaintext are for protected connections.
    return needsTls || (showsSecret && !options.authWithoutTls) ? 'tls' : null;
  }
  if (secret === 'certificate' && tls.peerCertificate === null) return 'certificate';
  if (bindsToTls && tls.exporter === null && tls.serverEndPoint === null) return 'binding';
  return null;
}

/** Returns the channel bindings that SCRAM can use on this connection; null without TLS. */
export function channelBindings({ tls }: Context): ChannelBindings | null {
  return tls === null ? null : { 'tls-exporter': tls.exporter, 'tls-server-end-point': tls.serverEndPoint };
}
