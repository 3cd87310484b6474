import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Files } from '#host/files';
import { configJsonSchema } from '#mail/config';
import type { Channel } from '#ports/channel';
import { FakeLog } from '#testing/fake-log';
import { FakeResolver } from '#testing/fake-resolver';
import { tempDir } from '#testing/temp-dir';
import { drainPorts, openListeners, type OpenPort } from './listeners.ts';
import { allServices } from './service-list.ts';
import type { Service } from './service.ts';
import { openServices, type Services } from './services.ts';
import { makeShared } from './shared.ts';

test('allServices: each has settings of its name, and the configuration knows no other', () => {
  const schema = JSON.stringify(configJsonSchema('server'));
  const configured = [...schema.matchAll(/"(\w+)":\{[^{}]*"type":"object","properties":\{"port":/g)].map(
    ([, name]) => name,
  );
  const names = allServices.map(({ name }) => name);
  assert.deepEqual(names.toSorted(), configured.toSorted());
  const listener = Object.fromEntries(names.map((name, i) => [name, { enabled: true, port: i }]));
  for (const { name, settings } of allServices) assert.equal(settings(listener as never), listener[name]);
});

interface World {
  readonly services: Services;
  readonly log: FakeLog;
  readonly ports: readonly OpenPort[];
  readonly socket: Socket;
}

/** Opens one port for a service of a protocol that exists in this test alone, and connects to it. */
async function inWorld(echo: Service, body: (world: World) => Promise<void>): Promise<void> {
  await using dir = await tempDir();
  const [log, folder] = [new FakeLog(), dir.path];
  const server = 'hostname: mail.example.org\npostmaster: ann\nlisteners: { local: { addresses: [127.0.0.1] } }\n';
  await writeFile(join(folder, 'server.yaml'), server);
  await writeFile(join(folder, 'domains.yaml'), 'domains: { example.org: {} }\naccounts: { ann: {} }\n');
  const onFatal = (error: Error): never => assert.fail(error);
  await using services = await openServices({ folder, files: new Files(), log, onFatal });
  const certificates = { add: () => assert.fail('no listener has a certificate') };
  const ports = await openListeners(services, makeShared(services, new FakeResolver({})), certificates, [echo]);
  const [port] = ports;
  assert.ok(port !== undefined);
  const socket = connect(port.listener.port, '127.0.0.1').setEncoding('latin1');
  try {
    await once(socket, 'connect');
    await body({ services, log, ports, socket });
  } finally {
    socket.destroy();
    for (const { listener } of ports) await listener[Symbol.asyncDispose]();
  }
}

/** A protocol whose server says what its client says, until it drains. @param drains  It ends connections when it shall. */
function echoService(drains: boolean): Service {
  return {
    name: 'echo',
    protocol: 'echo',
    hasImmediateTls: false,
    settings: () => ({ enabled: true, port: 0 }),
    open: ({ hostname }) => {
      const open = new Set<Channel>();
      return {
        async serve(channel) {
          open.add(channel);
          await channel.write(new TextEncoder().encode(`${hostname}\n`));
          for (let bytes = await channel.read(60_000); bytes !== null; bytes = await channel.read(60_000)) {
            await channel.write(bytes);
          }
          await channel.close();
        },
        drain() {
          if (drains) for (const channel of open) void channel.close();
        },
      };
    },
  };
}

test('openListeners: a service of another protocol is one declaration in the list', () =>
  inWorld(echoService(true), async ({ ports, socket }) => {
    assert.deepEqual(
      ports.map(({ service, name }) => [service, name]),
      [['echo', 'local']],
    );
    assert.equal(String(await once(socket, 'data')), 'mail.example.org\n');
    socket.write('hello');
    assert.equal(String(await once(socket, 'data')), 'hello');
  }));

test('drainPorts: connections end as their service says', () =>
  inWorld(echoService(true), async ({ ports, socket, services: { clock }, log }) => {
    await once(socket, 'data');
    const closed = once(socket.resume(), 'close');
    await drainPorts(ports, { clock, log, drainMs: 60_000 });
    await closed;
    assert.deepEqual(log.ofLevel('warn'), []);
  }));

test('drainPorts: connections that do not end are cut when the time is up', () =>
  inWorld(echoService(false), async ({ ports, socket, services: { clock }, log }) => {
    await once(socket, 'data');
    const closed = once(socket.resume(), 'close');
    await drainPorts(ports, { clock, log, drainMs: 0 });
    await closed;
    assert.deepEqual(
      log.ofLevel('warn').map(({ event, fields }) => [event, fields]),
      [['server.connectionsCut', { connections: 1 }]],
    );
  }));
