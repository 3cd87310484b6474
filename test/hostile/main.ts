/**
 * By hand: `node test/hostile/main.ts [WORD…] [--seconds N] [--rest N] [--profile FOLDER]`. Makes each attack whose name contains one of the words for N
 * seconds (20) while another client is timed, and looks at the memory after a rest (60). Ends with 1 when the server did not bear it.
 * `--profile` writes a CPU profile of the server for each attack.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Attack } from './attack.ts';
import { attacks } from './attacks.ts';
import { startHostileServer, type HostileServer } from './hostile-server.ts';
import { percentile, Probe } from './probe.ts';

/** Bounds of a server that bears an attack. */
const wanted = { p99Ms: 50, memoryMb: 300, keptMb: 30 } as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '20' },
    rest: { type: 'string', default: '60' },
    profile: { type: 'string' },
  },
});
let failures = 0;
for (const attack of attacks) {
  if (positionals.length > 0 && !positionals.some((word) => attack.name.includes(word))) continue;
  const problems = await bear(attack);
  failures += problems.length;
  for (const problem of problems) console.log(`  FAILED: ${problem}`);
}
process.exitCode = failures === 0 ? 0 : 1;

/** @returns what the server did not bear. */
async function bear(attack: Attack): Promise<string[]> {
  const { profile } = values;
  await using server = await startHostileServer(
    profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`],
  );
  const signal = AbortSignal.timeout(120_000);
  await attack.prepare?.(server.ports, { ...attack.full, signal });
  // The first logins and searches load code and fill caches, which is not the attack's doing.
  await (await Probe.start(server.ports, 5)).stop();
  await sleep(3000);
  const beforeMb = await server.memoryMb();
  await using probe = await Probe.start(server.ports, 10);
  const memory = watchMemory(server);
  const said = await attackFromOutside(attack, server);
  const mostMb = memory.stop();
  await probe.stop();
  await sleep(Number(values.rest) * 1000);
  const afterMb = await server.memoryMb();
  const times = probe.roundTripsMs;
  const [p50, p99, most] = [percentile(times, 0.5), percentile(times, 0.99), Math.max(...times)];
  const figures = `p50 ${p50.toFixed(1)} p99 ${p99.toFixed(1)} max ${most.toFixed(0)} ms of ${times.length}`;
  const room = `memory ${beforeMb.toFixed(0)} → ${mostMb.toFixed(0)} → ${afterMb.toFixed(0)} MB`;
  console.log(`${attack.name}: ${figures}; ${room}; ${said}`);
  const bugs = server.bugs();
  return [
    ...(p99 > wanted.p99Ms ? [`another client waits ${p99.toFixed(0)} ms (p99), more than ${wanted.p99Ms}`] : []),
    ...(mostMb > wanted.memoryMb ? [`${mostMb.toFixed(0)} MB, more than ${wanted.memoryMb}`] : []),
    ...(afterMb > beforeMb + wanted.keptMb ? [`${(afterMb - beforeMb).toFixed(0)} MB are not given back`] : []),
    ...(bugs.length > 0 ? [`bugs were logged: ${bugs.slice(0, 3).join('; ')}`] : []),
  ];
}

async function attackFromOutside(attack: Attack, server: HostileServer): Promise<string> {
  const attacker = fileURLToPath(new URL('attacker.ts', import.meta.url));
  const args = [attacker, attack.name, JSON.stringify(server.ports), values.seconds];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return said.trim();
}

function watchMemory(server: HostileServer): { stop(): number } {
  let most = 0;
  const look = async (): Promise<void> => {
    most = Math.max(most, await server.memoryMb());
  };
  const timer = setInterval(() => void look(), 100);
  return {
    stop: () => {
      clearInterval(timer);
      return most;
    },
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
