import { account } from './server-under-test.ts';

/** A small message with CRLF line ends, whose subject also makes its Message-ID. */
export function sampleMessage(subject: string, body = 'Hello\r\n.\r\n..two dots\r\nend\r\n'): string {
  return [
    'Date: Mon, 23 Nov 2026 20:00:00 +0000',
    `From: Godwit <${account.address}>`,
    `To: <${account.address}>`,
    `Message-ID: ${sampleId(subject)}`,
    `Subject: ${subject}`,
    '',
    body,
  ].join('\r\n');
}

/** The Message-ID of the sample message with this subject. */
export function sampleId(subject: string): string {
  return `<${subject.replaceAll(/[^A-Za-z0-9]+/g, '.')}@example.org>`;
}
