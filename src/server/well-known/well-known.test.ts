import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wellKnown } from './well-known.ts';

const now = Date.UTC(2026, 10, 29, 13, 14, 15);

async function ask(securityTxt: Parameters<typeof wellKnown>[0]['securityTxt'], method = 'GET') {
  const area = wellKnown({ hostname: 'mail.example.org', securityTxt, clock: { now: () => now } });
  return await area.handle(
    new Request('https://mail.example.org/.well-known/security.txt', { method }),
    undefined as never,
  );
}

test('wellKnown: security.txt has what is configured, and expires within a year (RFC 9116 §2.5)', async () => {
  const contact = ['mailto:security@example.org', 'https://example.org/report'];
  const answer = await ask({ contact, policy: 'https://example.org/policy', preferredLanguages: ['en', 'de'] });
  assert.equal(answer.headers.get('Content-Type'), 'text/plain; charset=utf-8');
  assert.equal(
    await answer.text(),
    `Contact: mailto:security@example.org
Contact: https://example.org/report
Expires: 2027-05-28T00:00:00Z
Policy: https://example.org/policy
Preferred-Languages: en, de
Canonical: https://mail.example.org/.well-known/security.txt
`,
  );
});

test('wellKnown: without a configuration there is no security.txt', async () => {
  assert.equal((await ask(undefined)).status, 404);
});

test('wellKnown: security.txt can only be read', async () => {
  assert.equal((await ask({ contact: ['tel:+1-201-555-0123'], preferredLanguages: [] }, 'POST')).status, 405);
});
