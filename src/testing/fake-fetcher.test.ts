import { fetcherContract } from '#ports/fetcher.contract';
import { FakeFetcher } from './fake-fetcher.ts';

const urls = {
  text: 'https://host.example/text',
  missing: 'https://host.example/missing',
  moved: 'https://host.example/moved',
  nowhere: 'https://nowhere.example/',
  refused: 'https://refused.example/',
  silent: 'https://host.example/silent',
};

fetcherContract('FakeFetcher', async () => {
  const fetcher = new FakeFetcher();
  fetcher.serve(urls.text, '0123456789');
  fetcher.serve(urls.missing, '', { status: 404, contentType: null });
  fetcher.serve(urls.moved, '', { status: 301 });
  fetcher.answers.set(urls.refused, { kind: 'failed', why: 'connect', reason: 'connection refused' });
  fetcher.silent.add(urls.silent);
  return { fetcher, urls, [Symbol.asyncDispose]: () => Promise.resolve() };
});
