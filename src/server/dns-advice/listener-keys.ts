import { X509Certificate } from 'node:crypto';
import type { Files } from '#host/files';
import { parseBase64 } from '#lib/codecs';
import { tlsaForCertificate, writeTlsa } from '#lib/dane';
import { refused, type Parsed } from '#lib/parsed';
import type { ServerConfig } from '#mail/config';
import type { Finding } from '#mail/dns-advice';
import { configuredPath } from '#server/configuration';
import { openListeners } from './public-addresses.ts';

const maxPemBytes = 1 << 20;

/** Known facts about the certificates of the listeners that accept mail, and what could not be found out. */
export interface ListenerKeys {
  /** TLSA records (RFC 7672 §3.1). */
  readonly tlsa: readonly string[];
  /** Names of their authorities for CAA records, without duplicates. */
  readonly issuers: readonly string[];
  readonly remarks: readonly Finding[];
}

/** Reads the certificates that listeners for incoming mail show. */
export async function listenerKeys(server: ServerConfig, files: Files, folder: string): Promise<ListenerKeys> {
  const tlsa = new Set<string>();
  const issuers = new Set<string>();
  const remarks: Finding[] = [];
  for (const [name, { smtp, tls }] of openListeners(server)) {
    if (smtp?.enabled !== true) continue;
    const remark = (sentence: string, text: string): void => {
      const fix = { kind: 'do', text } as const;
      remarks.push({ area: 'tlsa', level: 'warning', subject: `listener ${name}`, sentence, fix });
    };
    if (tls === undefined) {
      remark('has no certificate, so mail comes in clear', `add listeners.${name}.tls`);
      continue;
    }
    const read = await readCertificate(files, configuredPath(files, folder, tls.certificateFile));
    const record = read.ok ? tlsaForCertificate(read.value) : read;
    if (read.ok && record.ok) {
      tlsa.add(writeTlsa(record.value));
      const issuer = caaIssuer(read.value);
      if (issuer !== null) issuers.add(issuer);
    } else if (!record.ok)
      remark(
        `the key of ${tls.certificateFile} is not known: ${record.reason}`,
        'let the user who serves read it, and write it as PEM',
      );
  }
  return { tlsa: [...tlsa], issuers: [...issuers], remarks };
}

/** DER of the first certificate of a PEM file: the listener's own (RFC 7468 §5). */
async function readCertificate(files: Files, path: string): Promise<Parsed<Uint8Array>> {
  let bytes: Uint8Array | null;
  try {
    bytes = await files.read(path, maxPemBytes);
  } catch (error) {
    return refused(0, `it cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (bytes === null) return refused(0, 'there is no such file');
  const pem = /-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/.exec(new TextDecoder().decode(bytes));
  if (pem === null) return refused(0, 'it has no certificate in PEM');
  return parseBase64((pem[1] ?? '').replaceAll(/\s+/g, ''));
}

/** Names of authorities in CAA records (RFC 8659 §4.2), by the organization in the issuer's name; as the authorities document them. */
const issuerNames: readonly (readonly [RegExp, string])[] = [
  [/^Let's Encrypt$/i, 'letsencrypt.org'],
  [/^Google Trust Services/i, 'pki.goog'],
  [/^(?:ZeroSSL|Sectigo)/i, 'sectigo.com'],
  [/^DigiCert/i, 'digicert.com'],
  [/^Buypass/i, 'buypass.com'],
  [/^GlobalSign/i, 'globalsign.com'],
  [/^Actalis/i, 'actalis.it'],
];

/** Null for an authority that is not known here, as one's own. */
function caaIssuer(der: Uint8Array): string | null {
  let issuer: string;
  try {
    ({ issuer } = new X509Certificate(der));
  } catch {
    return null;
  }
  const organization = /^O=(.*)$/m.exec(issuer)?.[1] ?? '';
  return issuerNames.find(([pattern]) => pattern.test(organization))?.[1] ?? null;
}
