import { randomContract } from '#ports/random.contract';
import { systemRandom } from './index.ts';

randomContract('systemRandom', () => systemRandom);
