import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverFileProblems } from '#testing/config-problems';

/** Problems of a listener with the given settings of `http`. */
function problemsOf(settings: string): string[] {
  const text = `hostname: mail.example.org
postmaster: ann
listeners:
  public:
    addresses: ['192.0.2.1']
    http: { allowPlaintextAuth: true, ${settings} }
`;
  return serverFileProblems(text);
}

test('checkHttp: names, addresses and origins that a browser can send are right', () => {
  const settings = "hosts: [webmail.example.org, Bücher.example, localhost, 192.0.2.9, '2001:db8::1']";
  const origins = "allowedOrigins: [https://webmail.example.org, 'http://localhost:8080', https://a.example:8443]";
  assert.deepEqual(problemsOf(`${settings}, ${origins}`), []);
});

const hostFix = 'Write a name such as webmail.example.org or an IP address, without https:// and port';
for (const host of [
  'a b',
  'https://x.example',
  'x.example:8080',
  '*',
  '*.example',
  'x.example.',
  '192.0.2.1:80',
  'a..b',
]) {
  test(`checkHttp: hosts: ${host}`, () => {
    const [problem = '', ...others] = problemsOf(`hosts: [localhost, '${host}']`);
    assert.deepEqual(others, []);
    assert.match(problem, /^server\.yaml:6:\d+: listeners\.public\.http\.hosts\.1: not a host name: /);
    assert.ok(problem.endsWith(`. ${hostFix}`), problem);
  });
}

const noOrigin = 'is not an origin. Write it as https://webmail.example.org, without a path';
for (const [origin, want] of [
  ['https://x.example:443', 'is not as browsers write it. Write https://x.example'],
  ['http://x.example:80', 'is not as browsers write it. Write http://x.example'],
  ['http://x.example:0080', 'is not as browsers write it. Write http://x.example'],
  ['https://x.example:99999', noOrigin],
  ['https://x.example/', noOrigin],
  ['*', noOrigin],
] as const) {
  test(`checkHttp: allowedOrigins: ${origin}`, () => {
    assert.deepEqual(problemsOf(`allowedOrigins: ['${origin}']`), [
      `server.yaml:6:56: listeners.public.http.allowedOrigins.0: ${want}`,
    ]);
  });
}
