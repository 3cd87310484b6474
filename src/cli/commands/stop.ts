import { controlEnded } from '#host/control';
import { askControl, findDoor, warnOf } from '../connection.ts';
import { configFolder } from '../folder.ts';
import type { FolderOptions } from '../program-options.ts';
import { print } from '../terminal.ts';

/** Stops the running server and waits until it let go of its data. @returns the exit code. @throws ControlUnavailable when none runs. */
export async function stop(options: FolderOptions): Promise<number> {
  const { endpoint, problems } = await findDoor(configFolder(options));
  warnOf(problems);
  await askControl(endpoint, 'stop');
  await controlEnded(endpoint);
  print('The server has stopped.');
  return 0;
}
