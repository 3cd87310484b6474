// The thread that `integrity.ts` starts: starts the process that checks a database file, and reports what it prints.
import { execFile } from 'node:child_process';
import { parentPort, workerData } from 'node:worker_threads';

const { script, path } = workerData;
const child = execFile(process.execPath, [script, path], { env: {}, windowsHide: true }, (error, output) => {
  parentPort?.postMessage(error === null ? { damages: JSON.parse(output) } : { failure: error.message });
  parentPort?.close();
});
parentPort?.once('message', () => child.kill());
