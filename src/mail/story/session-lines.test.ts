import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SessionRecord } from '#mail/queue';
import { sessionLines } from './session-lines.ts';

const tls = { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256', verifiedBy: null, problem: null } as const;
const record: SessionRecord = {
  demand: 'TLS if it is offered',
  tls: null,
  mechanism: null,
  isReused: false,
  dialogue: ['> QUIT', '< 221 bye'],
};

for (const [more, want] of [
  [{}, 'without TLS'],
  [{ tls }, 'TLSv1.3 with TLS_AES_128_GCM_SHA256, certificate by a trusted authority'],
  [
    { tls: { ...tls, problem: 'CERT_HAS_EXPIRED' } },
    'TLSv1.3 with TLS_AES_128_GCM_SHA256, certificate that nobody vouches for (CERT_HAS_EXPIRED)',
  ],
  [
    { tls: { ...tls, verifiedBy: 'pkix' }, mechanism: 'SCRAM-SHA-256', isReused: true },
    'TLSv1.3 with TLS_AES_128_GCM_SHA256, certificate by a trusted authority; login by SCRAM-SHA-256; over a connection that had carried mail before',
  ],
] as const satisfies readonly (readonly [Partial<SessionRecord>, string])[]) {
  test(`sessionLines: ${want}`, () => {
    assert.deepEqual(sessionLines({ ...record, ...more }, false), [want]);
  });
}

test('sessionLines: the dialogue on demand', () => {
  assert.deepEqual(sessionLines(record, true), [
    'without TLS',
    'demanded: TLS if it is offered',
    '  > QUIT',
    '  < 221 bye',
  ]);
});
