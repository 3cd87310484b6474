/** The `Random` port on the operating system's generator. */
export { systemRandom } from './system-random.ts';
