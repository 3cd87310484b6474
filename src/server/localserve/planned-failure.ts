/** Stage in the life of a message at which a planned failure happens. */
export type Stage = 'mailfrom' | 'rcptto' | 'data' | 'queue';

/** A failure that an address asks for; `timeout` means no answer at all. */
export type PlannedFailure =
  | { readonly kind: 'reply'; readonly code: number; readonly enhanced: string; readonly text: string }
  | { readonly kind: 'timeout' };

/**
 * The failure that a localpart asks for at a stage, null when none.
 * The end says which: `temperror`, `permerror`, `timeout`, or a reply code of three digits beginning with 4 or 5 (`user1450` has none).
 * The beginning says where: `mailfrom`, `rcptto` and `queue`; without one of them it happens at DATA.
 * Examples: `permerror@…`, `alice-451@…`, `rcpttotemperror@…`, `queue550@…`.
 */
export function plannedFailure(localpart: string, stage: Stage): PlannedFailure | null {
  const name = localpart.toLowerCase();
  const prefix = (['mailfrom', 'rcptto', 'queue'] as const).find((candidate) => name.startsWith(candidate));
  if ((prefix ?? 'data') !== stage) return null;
  const end = /(temperror|permerror|timeout|(?<!\d)[45]\d\d)$/.exec(name)?.[1];
  switch (end) {
    case undefined:
      return null;
    case 'timeout':
      return { kind: 'timeout' };
    case 'temperror':
      return failure(451, 'temporary failure asked for by the address');
    case 'permerror':
      return failure(550, 'permanent failure asked for by the address');
    default:
      return failure(Number(end), `reply ${end} asked for by the address`);
  }
}

function failure(code: number, text: string): PlannedFailure {
  return { kind: 'reply', code, enhanced: code < 500 ? '4.0.0' : '5.0.0', text };
}
