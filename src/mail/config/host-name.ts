import { z } from 'zod';
import { parseDomain } from '#lib/domain';

/**
 * The name of a host, or an IP address where the setting says so, as DNS, EHLO, TLS and trace fields want it: Unicode may be written and
 * becomes A-labels (RFC 5890 §2.3.2.1). What is no name stays as it is, for the checks to tell.
 */
export function hostName(doc: string) {
  return z.string().min(1).transform(inAscii).meta({ description: doc });
}

function inAscii(text: string): string {
  if (!/[^ -~]/.test(text)) return text;
  const domain = parseDomain(text, { allowTrailingDot: true, allowUnderscore: true });
  return domain.ok ? domain.value.ascii : text;
}
