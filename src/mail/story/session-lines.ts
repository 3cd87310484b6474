import type { SessionRecord } from '#mail/queue';

/** Describes the connection of an attempt in one line, and with `verbose` what was demanded and said. */
export function sessionLines(
  { demand, tls, mechanism, isReused, dialogue }: SessionRecord,
  verbose: boolean,
): string[] {
  const facts = [
    tls === null ? 'without TLS' : `${tls.version} with ${tls.cipher}, ${certificate(tls)}`,
    ...(mechanism === null ? [] : [`login by ${mechanism}`]),
    ...(isReused ? ['over a connection that had carried mail before'] : []),
  ];
  const line = facts.join('; ');
  return verbose ? [line, `demanded: ${demand}`, ...dialogue.map((said) => `  ${said}`)] : [line];
}

function certificate({ verifiedBy, problem }: NonNullable<SessionRecord['tls']>): string {
  switch (verifiedBy) {
    case 'pkix':
      return 'certificate by a trusted authority';
    case 'dane':
      return 'certificate as TLSA records say (DANE)';
    case 'dane-and-pkix':
      return 'certificate as TLSA records say (DANE), by a trusted authority';
    case null:
      // It was not requested, or the attempt ended before it was judged.
      return problem === null
        ? 'certificate by a trusted authority'
        : `certificate that nobody vouches for (${problem})`;
  }
}
