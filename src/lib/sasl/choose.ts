import type { ChannelBindings, MechanismName } from './types.ts';

/** Abilities of the connection, and the credentials at hand. */
export interface MechanismSituation {
  /** The connection is encrypted; without, only mechanisms that do not show the password are chosen. */
  readonly tls: boolean;
  /** Null without TLS or where the runtime gives none. Without them no token is shown, whatever `tls` says. */
  readonly bindings: ChannelBindings | null;
  /** There is a password. Default true. */
  readonly hasPassword?: boolean;
  /** There is an access token: without, the token mechanisms are never chosen. Default false. */
  readonly hasToken?: boolean;
}

/** The mechanisms with a password or certificate, best first. EXTERNAL needs no password; the rest by what a server or listener learns. */
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
 * The mechanisms that a server offers unless configured otherwise: all but those with channel binding. Clients that link GNU SASL (mutt, neomutt)
 * choose them wherever they are offered, and fail, as they have no channel binding.
 */
export const usualMechanisms: readonly MechanismName[] = mechanismsByStrength.filter((name) => !name.endsWith('-PLUS'));

/** The mechanisms with an access token, the standard before its forerunner. Servers without `CredentialStore.checkToken` do not offer them. */
export const tokenMechanisms: readonly MechanismName[] = ['OAUTHBEARER', 'XOAUTH2'];

// Below SCRAM and CRAM-MD5, as the server learns the token; above PLAIN, as it learns no more than a token, which ends by itself.
const strengths: readonly MechanismName[] = [
  ...mechanismsByStrength.slice(0, mechanismsByStrength.indexOf('PLAIN')),
  ...tokenMechanisms,
  ...mechanismsByStrength.slice(mechanismsByStrength.indexOf('PLAIN')),
];

/**
 * Chooses the most secure mechanism that the server offers (names in any case), that `allowed` has, that the connection can carry
 * and that we have the secret for; null when there is none.
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
