/** The field that binds browsers to HTTPS (RFC 6797 §6.1). */
export const hsts: [string, string] = ['Strict-Transport-Security', 'max-age=31536000'];

/**
 * Returns the header fields that every response has unless its area sets them: nothing may be loaded, framed or guessed.
 * @param hasHsts  Adds HSTS (RFC 6797), which browsers ignore without TLS.
 */
export function securityHeaders(hasHsts: boolean): [string, string][] {
  return [
    ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"],
    ['X-Content-Type-Options', 'nosniff'],
    ['X-Frame-Options', 'DENY'],
    ['Referrer-Policy', 'no-referrer'],
    ['Cross-Origin-Opener-Policy', 'same-origin'],
    ['Cross-Origin-Resource-Policy', 'same-origin'],
    ['Permissions-Policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=()'],
    ['Cache-Control', 'no-store'],
    ...(hasHsts ? [hsts] : []),
  ];
}
