import type { ChannelBindings, MechanismName } from './types.ts';

/** What the connection allows. */
export interface MechanismSituation {
  /** The connection is encrypted; without, only mechanisms that do not show the password are chosen. */
  readonly tls: boolean;
  /** Null without TLS or where the runtime gives none. */
  readonly bindings: ChannelBindings | null;
}

/** All mechanisms, best first. EXTERNAL needs no password; the rest by what a server or listener learns. */
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
 * Chooses the most secure mechanism that the server offers (names in any case), that `allowed` has and that the connection can carry;
 * null when there is none.
 */
export function chooseMechanism(
  offered: readonly string[],
  allowed: readonly MechanismName[],
  situation: MechanismSituation,
): MechanismName | null {
  const names = new Set(offered.map((name) => name.toUpperCase()));
  const isUsable = (name: MechanismName): boolean =>
    names.has(name) && allowed.includes(name) && canCarry(name, situation);
  return mechanismsByStrength.find(isUsable) ?? null;
}

function canCarry(name: MechanismName, { tls, bindings }: MechanismSituation): boolean {
  switch (name) {
    case 'SCRAM-SHA-256-PLUS':
    case 'SCRAM-SHA-1-PLUS':
      return tls && bindings !== null && (bindings['tls-exporter'] ?? bindings['tls-server-end-point']) !== null;
    case 'EXTERNAL':
    case 'PLAIN':
    case 'LOGIN':
      return tls;
    default:
      return true;
  }
}
