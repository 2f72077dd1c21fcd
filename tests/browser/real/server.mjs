// The real program with an upstream that knows every name; and questions to it from any 127.x.

import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const PATIENCE = 60000;
export const NXDOMAIN = 'NXDOMAIN';
export const ANSWERED = 'answered';

/** Answers every name with one address. @returns {Promise<import('node:dgram').Socket>} */
export async function upstream() {
  const socket = createSocket('udp4');
  socket.on('message', (query, peer) => {
    let end = 12;
    while (query[end]) end += /** @type {number} */ (query[end]) + 1;
    end += 5;
    const isA = query.readUInt16BE(end - 4) === 1;
    const head = Buffer.from([query[0] ?? 0, query[1] ?? 0, 0x81, 0x80, 0, 1, 0, isA ? 1 : 0, 0, 0, 0, 0]);
    const record = isA ? Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 203, 0, 113, 7]) : Buffer.alloc(0);
    socket.send(Buffer.concat([head, query.subarray(12, end), record]), peer.port, peer.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

/**
 * Starts it, and waits until it answers.
 * @param {string} program @param {string} folder with its data
 * @param {string} settings YAML
 * @param {string} [clock] when it believes it was started, as `2026-05-07 20:00:00` (by UTC)
 */
export async function start(program, folder, settings, clock) {
  const config = `${folder}/trackless.yaml`;
  writeFileSync(config, `listen: 127.0.0.1:0\nweb: 127.0.0.1:0\ndata: ${folder}/data\n${settings}`);
  // Only the date is made up: what waits, waits as long as ever. `faketime` itself would be a process more.
  const made = clock ? { LD_PRELOAD: execFileSync('faketime', ['now', 'printenv', 'LD_PRELOAD'], { encoding: 'utf8' }).trim(), FAKETIME: `@${clock}`, FAKETIME_DONT_FAKE_MONOTONIC: '1', TZ: 'UTC' } : {};
  const child = spawn(program, ['serve', '--config', config], { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...made } });
  let log = '';
  let setup = '';
  let home = '';
  const dns = await new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`it does not start:\n${log}`)), PATIENCE);
    child.on('exit', () => reject(new Error(`it ended:\n${log}`)));
    // Read to the end: a full pipe would stop it.
    createInterface({ input: /** @type {any} */ (child.stderr) }).on('line', (line) => {
      log += `${line}\n`;
      setup = / (http\S+setup\?code=\S+)/.exec(line)?.[1] ?? setup;
      home = / on (http:\S+)\/$/.exec(line)?.[1] ?? home;
      const port = /answering DNS on 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (!port) return;
      clearTimeout(late);
      resolve(Number(port));
    });
  });
  return {
    home, setup, dns, pid: Number(child.pid),
    log: () => log,
    async stop() {
      child.removeAllListeners('exit');
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/**
 * What becomes of a name that a device asks for.
 * @param {number} port @param {string} name @param {string} [from] its address
 * @returns {Promise<string>} NXDOMAIN, ANSWERED, or the number of another answer
 */
export async function ask(port, name, from = '127.0.0.1') {
  const [said] = await askAll(port, [name], from);
  return said ?? '';
}

/**
 * The same for many names, a few at a time.
 * @param {number} port @param {string[]} names @param {string} from
 */
export async function askAll(port, names, from) {
  const socket = createSocket('udp4');
  socket.bind(0, from);
  await once(socket, 'listening');
  /** @type {string[]} */
  const said = [];
  for (let first = 0; first < names.length; first += 16) {
    const some = names.slice(first, first + 16);
    let left = some.length;
    await new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no answer for some of ${some.join(' ')}`)), PATIENCE);
      socket.removeAllListeners('message');
      socket.on('message', (reply) => {
        const code = (reply[3] ?? 0) & 15;
        said[reply.readUInt16BE(0)] = code === 3 ? NXDOMAIN : code === 0 && reply.readUInt16BE(6) > 0 ? ANSWERED : `answer ${code}`;
        if ((left -= 1)) return;
        clearTimeout(late);
        resolve(undefined);
      });
      some.forEach((name, i) => socket.send(question(first + i, name), port, '127.0.0.1'));
    });
  }
  socket.close();
  return said;
}

/** Of type A. @param {number} id @param {string} name */
function question(id, name) {
  const labels = name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)]));
  return Buffer.concat([Buffer.from([id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), ...labels, Buffer.from([0, 0, 1, 0, 1])]);
}
