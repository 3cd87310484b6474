/** Properties of a mechanism on which it depends where it is offered, chosen and configured. */
interface MechanismTraits {
  /** Kind of secret that the client has. */
  readonly secret: 'certificate' | 'password' | 'token';
  /** The server learns the secret, and so does who reads the connection. */
  readonly showsSecret: boolean;
  /** Both sides prove that they are the ends of one TLS connection (RFC 5802 §6). */
  readonly bindsToTls: boolean;
}

const certificate = { secret: 'certificate', showsSecret: false, bindsToTls: false } as const;
const proof = { secret: 'password', showsSecret: false, bindsToTls: false } as const;
const boundProof = { ...proof, bindsToTls: true } as const;
const clearPassword = { secret: 'password', showsSecret: true, bindsToTls: false } as const;
const clearToken = { secret: 'token', showsSecret: true, bindsToTls: false } as const;

/**
 * Supported mechanisms by their registered names, best first: ordered by what a server or listener learns. Tokens are below SCRAM and CRAM-MD5,
 * because the server learns them, and above PLAIN, because they expire. A mechanism is an entry here, and one in the tables of `server.ts`
 * and `client.ts`; protocols, configuration and choice follow.
 */
const traits = {
  EXTERNAL: certificate,
  'SCRAM-SHA-256-PLUS': boundProof,
  'SCRAM-SHA-256': proof,
  'SCRAM-SHA-1-PLUS': boundProof,
  'SCRAM-SHA-1': proof,
  'CRAM-MD5': proof,
  OAUTHBEARER: clearToken,
  XOAUTH2: clearToken,
  PLAIN: clearPassword,
  LOGIN: clearPassword,
} as const satisfies Readonly<Record<string, MechanismTraits>>;

/** Supported SASL mechanisms, by their registered names. */
export type MechanismName = keyof typeof traits;

/** Returns the traits of a mechanism. */
export function mechanismTraits(name: MechanismName): MechanismTraits {
  return traits[name];
}

/** All mechanisms, best first. */
export const allMechanisms = Object.keys(traits) as MechanismName[];

/** Mechanisms with a password or certificate, best first. */
export const mechanismsByStrength: readonly MechanismName[] = allMechanisms.filter(
  (name) => traits[name].secret !== 'token',
);

/**
 * Mechanisms that a server offers by default: all except those with channel binding. Clients that use GNU SASL (mutt, neomutt)
 * choose them wherever they are offered, and fail, because they have no channel binding.
 */
export const usualMechanisms: readonly MechanismName[] = mechanismsByStrength.filter(
  (name) => !traits[name].bindsToTls,
);

/** Mechanisms with an access token: the standard one (RFC 7628 §3), then its predecessor. Servers without `CredentialStore.checkToken` do not offer them. */
export const tokenMechanisms: readonly MechanismName[] = allMechanisms.filter(
  (name) => traits[name].secret === 'token',
);
