import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Files } from '#host/files';
import { formatProblem, parseConfigFiles } from '#mail/config';
import { tempDir } from '#testing/temp-dir';
import { transportProblems } from './transport-problems.ts';

const text = `hostname: mail.example.org
postmaster: ann
listeners: {}
transports:
  good: { kind: submissions, host: a.example, auth: { user: ann, passwordFile: good } }
  windows: { kind: submissions, host: a.example, auth: { user: ann, passwordFile: crlf } }
  gone: { kind: submission, host: a.example, auth: { user: ann, passwordFile: secrets/gone } }
  empty: { kind: submission, host: a.example, auth: { user: ann, tokenFile: empty } }
  folder: { kind: socks, host: 127.0.0.1, port: 1080, user: ann, passwordFile: folder }
  wide: { kind: submissions, host: a.example, auth: { user: ann, passwordFile: utf16 } }
  ca: { kind: submissions, host: a.example, caFile: good }
  none: { kind: fail }
`;

test('transportProblems: files that are missing, empty, none or not text, at the place that names them', async () => {
  await using dir = await tempDir();
  await writeFile(join(dir.path, 'good'), 'secret\n');
  await writeFile(join(dir.path, 'crlf'), '\uFEFFsecret\r\n');
  await writeFile(join(dir.path, 'empty'), '\n');
  await writeFile(join(dir.path, 'utf16'), Buffer.from('\uFEFFsecret\r\n', 'utf16le'));
  await mkdir(join(dir.path, 'folder'));
  const server = { file: 'server.yaml', text };
  const domains = 'domains: { example.org: {} }\naccounts:\n  ann: { addresses: [ann@example.org] }\n';
  const config = parseConfigFiles(server, { file: 'domains.yaml', text: domains });
  const problems = await transportProblems(new Files(), dir.path, config.server, server);
  const told = problems.map((problem) => formatProblem(problem).replaceAll('\\', '/'));
  for (const [i, want] of [
    /^server\.yaml:7:\d+: transports\.gone\.auth\.passwordFile: .*secrets\/gone is missing\. Relative/,
    /^server\.yaml:8:\d+: transports\.empty\.auth\.tokenFile: the first line of .*empty is empty\./,
    /^server\.yaml:9:\d+: transports\.folder\.passwordFile: .*folder cannot be read: it is a folder\./,
    /^server\.yaml:10:\d+: transports\.wide\.auth\.passwordFile: .*utf16 is not UTF-8 text/,
    /^server\.yaml:11:\d+: transports\.ca\.caFile: .*good holds no certificate in PEM/,
  ].entries())
    assert.match(told[i] ?? '', want);
  assert.equal(told.length, 5);
});
