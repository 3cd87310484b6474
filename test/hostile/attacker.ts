/** One attack in a process of its own, so that its work does not delay the client that is timed: `attacker.ts NAME PORTS SECONDS`. */
import { attacks } from './attacks.ts';
import type { HostilePorts } from './hostile-server.ts';

const [name, ports = '', seconds = ''] = process.argv.slice(2);
const attack = attacks.find((one) => one.name === name);
if (attack === undefined) throw new Error(`no attack named ${name}`);
const extent = { ...attack.full, signal: AbortSignal.timeout(Number(seconds) * 1000) };
const { connections, answers } = await attack.run(JSON.parse(ports) as HostilePorts, extent);
const words = [...answers].toSorted(([, a], [, b]) => b - a).slice(0, 6);
console.log(`${connections} connections; ${words.map(([word, count]) => `${count} ${word}`).join(', ')}`);
process.exit(0);
