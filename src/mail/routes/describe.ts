import type { Considered, RouteDecision, RouteLocation, RouteReason, RouteTarget } from './types.ts';

/** A decision in lines for people: where to, why, and why each rule before did not match. */
export function describeDecision({ target, reason, passedOver }: RouteDecision): readonly string[] {
  return [
    `${describeTarget(target)}: ${describeReason(reason)}`,
    ...passedOver.map((considered) => `not ${describeLocation(considered.location)}: ${describeMismatch(considered)}`),
  ];
}

function describeTarget(target: RouteTarget): string {
  switch (target.kind) {
    case 'direct':
      return `direct, to the hosts of ${target.domain}`;
    case 'local':
      return 'to this server itself';
    case 'transport':
      return `by transport ${target.name}, ${describeTransport(target)}`;
    case 'missing':
      return 'nowhere for now';
  }
}

function describeTransport({ transport, domain }: Extract<RouteTarget, { kind: 'transport' }>): string {
  switch (transport.kind) {
    case 'submissions':
    case 'submission':
    case 'smtp':
      return `to ${transport.host} port ${transport.port}`;
    case 'socks':
      return `to the hosts of ${domain} through the SOCKS proxy ${transport.host} port ${transport.port}`;
    case 'direct':
      return `to the hosts of ${domain}`;
    case 'fail':
      return `which fails with ${transport.code} ${transport.text}`;
  }
}

function describeReason(reason: RouteReason): string {
  switch (reason.kind) {
    case 'rule':
      return `${describeLocation(reason.location)} matches`;
    case 'default':
      return 'no route matches';
    case 'operator':
      return `an operator set the transport ${reason.transport}`;
    case 'ownDomain':
      return 'the domain is one of ours';
    case 'keptHere':
      return `${reason.why}; otherwise ${describeReason(reason.otherwise)}`;
  }
}

/** `accounts.alice.routes.0 in domains.yaml`. */
function describeLocation({ file, path }: RouteLocation): string {
  return `${path.join('.')} in ${file}.yaml`;
}

function describeMismatch({ mismatch, wanted }: Considered): string {
  switch (mismatch) {
    case 'fromDomain':
      return `the sender is not in ${listed(wanted)}`;
    case 'toDomain':
      return `the recipient is not in ${listed(wanted)}`;
    case 'minimumAttempts':
      return `only from attempt ${Number(wanted[0]) + 1} on`;
  }
}

const maxListed = 4;

function listed(texts: readonly string[]): string {
  const more = texts.length - maxListed;
  return `${texts.slice(0, maxListed).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
