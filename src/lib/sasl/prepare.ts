const nonAsciiSpace = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;
const asciiOnly = /^[ -~]*$/;

// RFC 3454 Table B.1, which SASLprep maps to nothing.
const mappedToNothing =
  /[\u{ad}\u{1806}\u{200b}-\u{200d}\u{2060}\u{feff}]|\u{34f}|[\u{180b}-\u{180d}]|[\u{fe00}-\u{fe0f}]/gu;
// RFC 3454 Tables C.1.2 and C.2 to C.9, less what the mappings before have removed.
const saslprepProhibited =
  /[\p{Cc}\p{Cs}\p{Co}\u0340\u0341\u06dd\u070f\u180e\u200e\u200f\u2028-\u202e\u2061-\u2063\u206a-\u206f\u2ff0-\u2ffb\ufff9-\uffff\ufdd0-\ufdef\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]/u;
// RFC 8264 §9.12 and §9.13 for the FreeformClass: controls, private use, noncharacters, lone surrogates, default ignorables.
const freeformProhibited = /[\p{Cc}\p{Cs}\p{Co}\p{Noncharacter_Code_Point}\p{Default_Ignorable_Code_Point}]/u;

/**
 * Prepares a password for hashing and comparison: OpaqueString (RFC 8265 §4.2), in which non-ASCII spaces become spaces and the result is NFC;
 * case matters. Returns null when it is empty or has disallowed characters, such as controls. ASCII is not changed.
 */
export function preparePassword(password: string): string | null {
  if (password === '') return null;
  if (asciiOnly.test(password)) return password;
  const prepared = password.replace(nonAsciiSpace, ' ').normalize('NFC');
  return freeformProhibited.test(prepared) ? null : prepared;
}

/**
 * Prepares a password for SCRAM keys: SASLprep (RFC 4013 §2), which RFC 5802 §2.2 requires. Where SASLprep refuses, the OpaqueString form is
 * used, and where that refuses too, the text itself, so that our client and server always agree. Equal to `preparePassword` for ASCII.
 *
 * deviates: RFC 4013 §2.4 and §2.5 (bidirectional text, unassigned code points) are not checked: refusing would only lock a user out.
 */
export function prepareScramPassword(password: string): string {
  if (asciiOnly.test(password)) return password;
  const prepared = password.replace(nonAsciiSpace, ' ').replace(mappedToNothing, '').normalize('NFKC');
  if (prepared !== '' && !saslprepProhibited.test(prepared)) return prepared;
  return preparePassword(password) ?? password;
}

/**
 * Prepares a login name for lookup, similar to UsernameCaseMapped (RFC 8265 §3.3): in lower case and NFC, with fullwidth and halfwidth
 * characters mapped. Returns null when it is empty or has spaces or disallowed characters. Idempotent.
 */
export function prepareLogin(login: string): string | null {
  const narrow = asciiOnly.test(login) ? login : login.replace(wideOrNarrow, (c) => c.normalize('NFKC'));
  const prepared = narrow.toLowerCase().normalize('NFC');
  return prepared === '' || /\s/u.test(prepared) || freeformProhibited.test(prepared) ? null : prepared;
}

const wideOrNarrow = /[\uff01-\uffdc\uffe0-\uffee]/gu;
