import type { ChannelBindings, MechanismName } from './types.ts';

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

/** Mechanisms with a password or certificate, best first. EXTERNAL needs no password; the others are ordered by what a server or listener learns. */
export const mechanismsByStrength: readonly MechanismName[] = [
  'EXTERNAL',
  'SCRAM-SHA-256-PLUS',
  'SCRAM-SHA-256',
  'SCRAM-SHA-1-PLUS',
  'SCRAM-SHA-1',
  'CRAM-MD5',
  'PLAIN',
  'LOGIN',
];

/**
 * Mechanisms that a server offers by default: all except those with channel binding. Clients that use GNU SASL (mutt, neomutt)
 * choose them wherever they are offered, and fail, because they have no channel binding.
 */
export const usualMechanisms: readonly MechanismName[] = mechanismsByStrength.filter((name) => !name.endsWith('-PLUS'));

/** Mechanisms with an access token: the standard one (RFC 7628 §3), then its predecessor. Servers without `CredentialStore.checkToken` do not offer them. */
export const tokenMechanisms: readonly MechanismName[] = ['OAUTHBEARER', 'XOAUTH2'];

// Below SCRAM and CRAM-MD5, because the server learns the token; above PLAIN, because a token expires.
const strengths: readonly MechanismName[] = [
  ...mechanismsByStrength.slice(0, mechanismsByStrength.indexOf('PLAIN')),
  ...tokenMechanisms,
  ...mechanismsByStrength.slice(mechanismsByStrength.indexOf('PLAIN')),
];

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
  return strengths.find(isUsable) ?? null;
}

function canCarry(name: MechanismName, { tls, bindings }: MechanismSituation): boolean {
  switch (name) {
    case 'SCRAM-SHA-256-PLUS':
    case 'SCRAM-SHA-1-PLUS':
      return tls && bindings !== null && (bindings['tls-exporter'] ?? bindings['tls-server-end-point']) !== null;
    case 'OAUTHBEARER':
    case 'XOAUTH2':
      return tls && bindings !== null;
    case 'EXTERNAL':
    case 'PLAIN':
    case 'LOGIN':
      return tls;
    default:
      return true;
  }
}

function hasSecret(name: MechanismName, { hasPassword = true, hasToken = false }: MechanismSituation): boolean {
  if (name === 'EXTERNAL') return true;
  return tokenMechanisms.includes(name) ? hasToken : hasPassword;
}
