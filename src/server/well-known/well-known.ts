import type { Clock } from '#ports/clock';
import { plainAnswer, type Area } from '#server/http';
import { writeSecurityTxt, type SecurityTxt } from './security-txt.ts';

/** Dependencies of the area. */
export interface WellKnownDeps {
  readonly hostname: string;
  /** Undefined when there is no security.txt. */
  readonly securityTxt: SecurityTxt | undefined;
  readonly clock: Pick<Clock, 'now'>;
}

/** Makes the area that answers `GET /.well-known/security.txt` (RFC 9116 §3). */
export function wellKnown({ hostname, securityTxt, clock }: WellKnownDeps): Area {
  const answer = ({ method }: Request): Response => {
    if (securityTxt === undefined) return plainAnswer(404, 'There is nothing here.');
    if (method !== 'GET' && method !== 'HEAD')
      return plainAnswer(405, 'This file can only be read.', { Allow: 'GET, HEAD' });
    return plainAnswer(200, writeSecurityTxt(securityTxt, hostname, clock.now()));
  };
  return {
    name: 'well-known',
    paths: ['/.well-known/security.txt'],
    maxBodyBytes: 0,
    handle: (request) => Promise.resolve(answer(request)),
  };
}
