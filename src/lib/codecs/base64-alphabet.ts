/** The alphabet of RFC 4648 §4 as ASCII codes. */
export const base64Codes = new TextEncoder().encode('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');

/** Padding. */
export const equalsSign = 0x3d;

/** Value that `base64Values` holds for bytes outside the alphabet. */
export const notBase64 = 0xff;

/** Six-bit value of each byte. */
export const base64Values = new Uint8Array(256).fill(notBase64);
for (const [value, code] of base64Codes.entries()) base64Values[code] = value;
