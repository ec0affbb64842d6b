// What the tests of /inspect look at: the programs of the tutorial, and in which lines they wait.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { DEADLINE } from './helpers.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PYTHON = '/usr/bin/python3';   // Debian's own has the packages
const SERVER = process.env.CHAPTER08 ?? `${ROOT}build/release/chapter08/chapter08`;
const BUILD = SERVER.replace(/\/chapter08\/chapter08$/, '');

export const LOAD = `${BUILD}/tests/load/chat_load`;

const running = new Set();
process.once('exit', () => running.forEach(child => child.kill('SIGKILL')));

// A program of the tutorial, or the chat server, with its inspector.
export class Program {
  static async start(command, args) {
    const program = new Program();
    program.child = spawn(command, args, {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env, HOST: '127.0.0.1', PORT: '0', BEASTAPI_INSPECT: '1',
        INSPECT_DIR: `${ROOT}static/inspect`, PYTHONDONTWRITEBYTECODE: '1',
      },
    });
    running.add(program.child);
    program.ended = once(program.child, 'exit').finally(() => running.delete(program.child));
    program.url = await program.announced();
    return program;
  }

  announced() {
    return new Promise((resolve, reject) => {
      let log = '';
      const timer = setTimeout(() => reject(new Error(`no address in the log: ${log}`)), DEADLINE);
      const read = text => {
        log += text;
        const found = /running on (http:\/\/127\.0\.0\.1:\d+)/.exec(log);
        if (!found) return;
        clearTimeout(timer);
        resolve(found[1]);
      };
      // The tutorial's programs in C++ write their log to the one, all others to the other.
      this.child.stdout.setEncoding('utf8').on('data', read);
      this.child.stderr.setEncoding('utf8').on('data', read);
      this.child.once('exit', code => reject(new Error(`it exited with ${code}: ${log}`)));
    });
  }

  // The second signal is for one that has leaked: it would wait for what never ends.
  async stop() {
    this.child.kill('SIGTERM');
    const again = setTimeout(() => this.child.kill('SIGTERM'), 500);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), DEADLINE);
    await this.ended;
    clearTimeout(again);
    clearTimeout(timer);
  }
}

export const STACKS = ['C++', 'Python'];

const started = new Map();

// One of each for all tests: most of their time is that of starting them.
export function programOf(stack, chapter, name = undefined) {
  const key = `${stack}/${chapter}/${name}`;
  if (!started.has(key)) started.set(key, start(stack, chapter, name));
  return started.get(key);
}

export async function stopAll() {
  await Promise.all([...started.values()].map(starting => starting.then(program => program.stop(), () => {})));
}

export function start(stack, chapter, name = undefined) {
  if (stack === 'C++') {
    if (chapter === '08_chat') return startServer();
    return Program.start(`${BUILD}/docs/step_${chapter}${name ? `_${name}` : ''}`, []);
  }
  const by = chapter === '08_chat' ? ['--app', 'fastapi_app:app'] : [];
  const file = `${ROOT}docs/src/${chapter}/${name ?? 'fastapi_app'}.py`;
  return Program.start(PYTHON, [`${ROOT}scripts/inspector`, ...by, file]);
}

export function startServer(...args) {
  return Program.start(SERVER, ['--host', '127.0.0.1', '--port', '0', '--inspect', ...args]);
}

const RECEIVES = 'websocket.receive_text()';

// Of each chapter: where a client connects, and which coroutines then wait in which line.
// The second line is that of Python, where it's another one.
export const CHAPTERS = [
  { chapter: '01_echo', path: '/ws', waits: { websocket_endpoint: [RECEIVES] } },
  {
    chapter: '02_coroutines',
    path: '/ws/countdown',
    waits: {
      websocket_countdown: ['settle(countdown(websocket)) ||', 'asyncio.wait(tasks'],
      countdown: ['asyncio::sleep(1s)', 'asyncio.sleep(1)'],
      listen: [RECEIVES],
    },
  },
  { chapter: '03_messages', path: '/ws', waits: { websocket_endpoint: ['websocket.receive()'] } },
  { chapter: '03_messages', path: '/ws/json', waits: { websocket_json: [RECEIVES] } },
  { chapter: '04_connection_manager', path: '/ws/chat', waits: { websocket_chat: [RECEIVES] } },
  { chapter: '05_broadcast', path: '/ws/chat', waits: { websocket_chat: [RECEIVES] } },
  {
    chapter: '06_names', path: '/ws/chat/%3Ci%3EAlice',
    waits: { websocket_chat_with_username: [RECEIVES] },
  },
  {
    chapter: '07_heartbeat',
    path: '/ws/chat/Alice/heartbeat',
    waits: {
      websocket_chat_with_heartbeat: ['settle(', 'asyncio.wait(tasks'],
      chat_loop: [RECEIVES],
      heartbeat_sender: ['sleep(heartbeat_interval)', 'sleep(HEARTBEAT_INTERVAL)'],
      check_heartbeat: ['sleep(heartbeat_timeout -', 'sleep(HEARTBEAT_TIMEOUT -'],
    },
  },
  {
    chapter: '08_chat',
    path: '/ws/chat/Alice/heartbeat',
    waits: {
      websocket_chat_with_heartbeat: ['settle(', `wait_for(${RECEIVES}`],
      heartbeat_sender: ['asyncio::sleep(', 'sleep(HEARTBEAT_INTERVAL)'],
    },
  },
];
