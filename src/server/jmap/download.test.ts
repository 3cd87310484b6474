import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JmapClient, putJmapMail } from '#testing/jmap-client';
import { tempStore } from '#testing/temp-store';

test('download: whole messages and decoded parts, also a range of them, and nothing of other accounts', async () => {
  await using store = await tempStore();
  await putJmapMail(store);
  const client = new JmapClient(store);
  const account = `A${store.account.id}`;
  const { ids } = await client.call('Email/query', { filter: { hasAttachment: true } });
  const { list } = await client.call('Email/get', { ids, properties: ['attachments', 'blobId', 'size'] });
  const { blobId, size, attachments } = list[0] ?? assert.fail('no attachment');
  const pdfBlob = attachments[0]?.blobId ?? '';
  const path = (id: string): string => `/jmap/download/${account}/${id}/r%C3%A9.pdf?type=application/pdf`;
  const pdf = await client.send(path(pdfBlob));
  assert.equal(await pdf.text(), '%PDF-');
  assert.equal(attachments[0]?.size, 5);
  assert.equal(pdf.headers.get('Content-Disposition'), `attachment; filename="r_.pdf"; filename*=UTF-8''r%C3%A9.pdf`);
  for (const [name, want] of [
    ['%ff%41', `attachment; filename="_A"; filename*=UTF-8''%EF%BF%BDA`],
    ['100%', `attachment; filename="100_"; filename*=UTF-8''100%25`],
    ['%2e%2e%2F%0a', `attachment; filename="..__"; filename*=UTF-8''..__`],
    ['', 'attachment'],
  ] as const) {
    const named = await client.send(path(pdfBlob).replace('r%C3%A9.pdf', name));
    assert.equal(named.headers.get('Content-Disposition'), want, name);
    await named.body?.cancel();
  }
  const whole = await client.send(path(blobId));
  assert.equal((await whole.arrayBuffer()).byteLength, size);
  const range = await client.send(path(pdfBlob), { headers: { Range: 'bytes=1-3' } });
  assert.deepEqual([range.status, await range.text(), range.headers.get('Content-Range')], [206, 'PDF', 'bytes 1-3/5']);
  assert.equal((await client.send(path(blobId), { headers: { Range: 'bytes=99999-' } })).status, 416);
  for (const id of ['B999', 'B1P9', 'B1P1-1-1', 'x']) assert.equal((await client.send(path(id))).status, 404, id);
  assert.equal((await client.send(path(blobId).replace(account, 'A999'))).status, 404);
});
