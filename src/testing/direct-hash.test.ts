import { slowHashContract } from '#ports/slow-hash.contract';
import { directHash } from './direct-hash.ts';

slowHashContract('directHash', () => ({ hash: directHash, [Symbol.asyncDispose]: () => Promise.resolve() }));
