/** Settings of security.txt. */
export interface SecurityTxt {
  readonly contact: readonly string[];
  readonly policy?: string | undefined;
  readonly encryption?: string | undefined;
  readonly preferredLanguages: readonly string[];
}

const dayMs = 86_400_000;
/** RFC 9116 §2.5.5: less than a year is recommended. */
const validDays = 180;

/** Writes security.txt (RFC 9116 §2.5). It expires half a year after the day on which it is asked for: it is as fresh as the configuration. */
export function writeSecurityTxt(
  { contact, policy, encryption, preferredLanguages }: SecurityTxt,
  hostname: string,
  nowMs: number,
): string {
  const expires = new Date((Math.floor(nowMs / dayMs) + validDays) * dayMs).toISOString().replace('.000Z', 'Z');
  return [
    ...contact.map((address) => `Contact: ${address}`),
    `Expires: ${expires}`,
    ...(encryption === undefined ? [] : [`Encryption: ${encryption}`]),
    ...(policy === undefined ? [] : [`Policy: ${policy}`]),
    ...(preferredLanguages.length === 0 ? [] : [`Preferred-Languages: ${preferredLanguages.join(', ')}`]),
    `Canonical: https://${hostname}/.well-known/security.txt`,
  ].join('\n');
}
