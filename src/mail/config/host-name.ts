import { z } from 'zod';
import { parseDomain } from '#lib/domain';

/**
 * Schema of a host name, or of an IP address where the setting allows one, in the form for DNS, EHLO, TLS and trace fields: Unicode becomes
 * A-labels (RFC 5890 §2.3.2.1). Invalid names stay as they are, for the checks to report.
 */
export function hostName(doc: string) {
  return z.string().min(1).transform(inAscii).meta({ description: doc });
}

function inAscii(text: string): string {
  if (!/[^ -~]/.test(text)) return text;
  const domain = parseDomain(text, { allowTrailingDot: true, allowUnderscore: true });
  return domain.ok ? domain.value.ascii : text;
}
