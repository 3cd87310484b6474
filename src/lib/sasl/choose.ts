import { allMechanisms, mechanismTraits, type MechanismName } from './mechanisms.ts';
import type { ChannelBindings } from './types.ts';

/** Properties of the connection, and the available credentials. */
export interface MechanismSituation {
  /** True when the connection is encrypted; otherwise only mechanisms that do not reveal the password are chosen. */
  readonly tls: boolean;
  /** Null without TLS or where the runtime has none. Without them no token is sent, regardless of `tls`. */
  readonly bindings: ChannelBindings | null;
  /** True when there is a password. Default true. */
  readonly hasPassword?: boolean;
  /** True when there is an access token; otherwise the token mechanisms are never chosen. Default false. */
  readonly hasToken?: boolean;
}

/**
 * Chooses the most secure mechanism that the server offers (names in any case), that is in `allowed`, that the connection permits
 * and that we have the secret for. Returns null when there is none.
 */
export function chooseMechanism(
  offered: readonly string[],
  allowed: readonly MechanismName[],
  situation: MechanismSituation,
): MechanismName | null {
  const names = new Set(offered.map((name) => name.toUpperCase()));
  const isUsable = (name: MechanismName): boolean =>
    names.has(name) && allowed.includes(name) && canCarry(name, situation) && hasSecret(name, situation);
  return allMechanisms.find(isUsable) ?? null;
}

function canCarry(name: MechanismName, { tls, bindings }: MechanismSituation): boolean {
  const { secret, showsSecret, bindsToTls } = mechanismTraits(name);
  if (bindsToTls)
    return tls && bindings !== null && (bindings['tls-exporter'] ?? bindings['tls-server-end-point']) !== null;
  if (secret === 'token') return tls && bindings !== null;
  return tls || !(showsSecret || secret === 'certificate');
}

function hasSecret(name: MechanismName, { hasPassword = true, hasToken = false }: MechanismSituation): boolean {
  switch (mechanismTraits(name).secret) {
    case 'certificate':
      return true;
    case 'token':
      return hasToken;
    case 'password':
      return hasPassword;
  }
}
