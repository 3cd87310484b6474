/** Name of the cookie of a session. Browsers keep one with the prefix only when this very host has set it over HTTPS. */
function nameFor(isTls: boolean): string {
  return isTls ? '__Host-godwit' : 'godwit';
}

const attributes = 'Path=/; HttpOnly; SameSite=Strict';

/** Writes the Set-Cookie field for a token (RFC 6265 §4.1). */
export function setSessionCookie(token: string, isTls: boolean, lifeMs: number): string {
  const maxAge = `Max-Age=${Math.floor(lifeMs / 1000)}`;
  return `${nameFor(isTls)}=${token}; ${attributes}; ${maxAge}${isTls ? '; Secure' : ''}`;
}

/** Writes the Set-Cookie field that removes the cookie. */
export function clearSessionCookie(isTls: boolean): string {
  return setSessionCookie('', isTls, 0);
}

/** Returns the token in the cookies of a request; null when there is none, or more than one, of which another site may have set one. */
export function sessionCookie(request: Request, isTls: boolean): string | null {
  const name = nameFor(isTls);
  const field = request.headers.get('Cookie') ?? '';
  const values = field.split(';').flatMap((pair) => {
    const [key = '', value] = pair.trim().split('=', 2);
    return key === name && value !== undefined ? [value] : [];
  });
  const [token] = values;
  return values.length === 1 && token !== undefined && /^[\w-]{1,100}$/.test(token) ? token : null;
}
