import type { Records, RecordType, ResponseAnswer } from '#lib/dns';

export type { Records, RecordType } from '#lib/dns';

/** An answer in the words that mail needs: what a response said, or why there was none. */
export type Answer<T> = ResponseAnswer<T> | { readonly kind: 'failed'; readonly why: 'timeout' | 'unavailable' };

/** DNS for mail: never throws for what the network does, only when `signal` aborts. */
export interface Resolver {
  query<K extends RecordType>(name: string, type: K, signal?: AbortSignal): Promise<Answer<Records[K]>>;
}
