// What the browser tests share: the real program on a free port, Chromium, and pages of the chat.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { delimiter } from 'node:path';
import { after, afterEach, before } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAM = process.env.CHAPTER08 ?? `${ROOT}build/release/chapter08/chapter08`;
// The FastAPI program of chapter 08, on Debian's own Python.
export const FASTAPI = [
  '/usr/bin/python3',
  '-m',
  'uvicorn',
  '--app-dir',
  `${ROOT}docs/src/08_chat`,
  'fastapi_app:app',
];
// The Flask program of chapter 06. It takes its port from the environment.
export const FLASK = ['/usr/bin/python3', `${ROOT}docs/src/06_names/flask_socketio_app.py`];
const CHROMIUM = process.env.CHROMIUM ?? installedChromium();

export const DEADLINE = 30_000; // milliseconds; no wait in these tests is longer

function installedChromium() {
  const folders = process.env.PATH.split(delimiter);
  const names = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'];
  const paths = names.flatMap(name => folders.map(folder => `${folder}/${name}`));
  const found = paths.find(path => existsSync(path));
  assert.ok(found, `none of ${names.join(', ')} is installed; CHROMIUM may name another`);
  return found;
}

const running = new Set();

// A test run that is ended from outside leaves no server behind; Playwright sees to the browser.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    for (const child of running) child.kill('SIGTERM');
    process.exitCode = 1;
    process.kill(process.pid, signal);
  });
}

export class Server {
  static async start({ port = 0, args = [], command = [PROGRAM] } = {}) {
    const server = new Server();
    server.command = command;
    const [program, ...before] = command;
    server.child = spawn(program, [...before, '--host', '127.0.0.1', '--port', String(port), ...args], {
      cwd: ROOT,
      env: { ...process.env, PORT: String(port) },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    server.ended = once(server.child, 'exit');
    running.add(server.child);
    server.child.once('exit', () => running.delete(server.child));
    server.port = await server.announcedPort();
    server.url = `http://127.0.0.1:${server.port}`;
    return server;
  }

  announcedPort() {
    return new Promise((resolve, reject) => {
      let log = '';
      const timer = setTimeout(() => reject(new Error(`no address in the log: ${log}`)), DEADLINE);
      this.child.stderr.setEncoding('utf8').on('data', text => {
        log += text;
        const found = /(?:running|starting up) on https?:\/\/[^:]+:(\d+)/.exec(log);
        if (!found) return;
        clearTimeout(timer);
        resolve(Number(found[1]));
      });
      this.child.once('error', reject);
      this.child.once('exit', code => reject(new Error(`the server exited with ${code}: ${log}`)));
    });
  }

  async stop() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), DEADLINE);
    const [code] = await this.ended;
    clearTimeout(timer);
    assert.equal(code, 0, 'the server exits with status 0 on SIGTERM');
  }

  // As after a crash: nobody is told, and nothing is put away.
  async kill() {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  async restart() {
    await this.stop();
    await this.startAgain();
  }

  async startAgain() {
    Object.assign(this, await Server.start({ port: this.port, command: this.command }));
  }

  async status() {
    return (await fetch(`${this.url}/ws/status`)).json();
  }

  async isEmpty() {
    const deadline = Date.now() + DEADLINE;
    while ((await this.status()).connected_count !== 0) {
      assert.ok(Date.now() < deadline, 'everyone who closed the page is gone');
      await delay(10);
    }
  }
}

// One server and one browser for the tests of a file; every test starts with nobody online, and
// with nothing said before.
export function chatSuite() {
  // A server that has kept what was said begins its logs anew when it is started anew.
  const suite = { server: null, browser: null, hasTalked: false };
  let pages = [];

  before(async () => {
    suite.server = await Server.start();
    suite.browser = await launchBrowser();
  });

  after(async () => {
    await suite.browser?.close();
    await suite.server?.stop();
  });

  afterEach(async () => {
    const problems = pages.flatMap(page => page.problems);
    await Promise.all(pages.map(page => page.context().close()));
    pages = [];
    assert.deepEqual(problems, [], 'no script error and no dialog');
    if (suite.hasTalked) await suite.server.restart();
    else await suite.server.isEmpty();
    suite.hasTalked = false;
  });

  suite.visitor = async (options, server = suite.server) => {
    const page = await openChat(suite.browser, server.url, options);
    pages.push(page);
    return page;
  };

  suite.member = async (name, options, server = suite.server) => {
    const page = await suite.visitor(options, server);
    suite.hasTalked ||= server === suite.server;
    await join(page, name);
    return page;
  };

  return suite;
}

export function launchBrowser() {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

// Runs in the page before its script: keeps every WebSocket it makes and every frame it sends.
export function watchSockets() {
  window.sockets = [];
  window.sentFrames = [];
  window.WebSocket = class extends WebSocket {
    constructor(...parameters) {
      super(...parameters);
      window.sockets.push(this);
    }

    send(text) {
      window.sentFrames.push(JSON.parse(text));
      super.send(text);
    }
  };
}

// Opens the chat page in a browser context of its own, so that no two share storage.
async function openChat(browser, url, options = {}) {
  const context = await browser.newContext({ locale: 'en-US', ...options });
  context.setDefaultTimeout(DEADLINE);
  const page = await context.newPage();
  page.problems = [];
  page.on('pageerror', error => page.problems.push(String(error)));
  page.on('dialog', dialog => {
    page.problems.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  await page.addInitScript(watchSockets);
  await page.goto(`${url}/chat`);
  return page;
}

export async function join(page, name) {
  await page.fill('#username', name);
  await page.click('#connect');
  await isState(page, 'online');
}

export async function say(page, text) {
  await page.fill('#text', text);
  await page.press('#text', 'Enter');
}

export function isState(page, state) {
  return page.locator(`body[data-state="${state}"]`).waitFor();
}

// Waits until the page shows a message of that text, and gives it back.
export async function seesMessage(page, text, kind = '') {
  const message = page.locator(`.message${kind}`).filter({ hasText: text }).last();
  await message.waitFor();
  return message;
}

export function bodies(page, kind = '') {
  return page.locator(`.message${kind} .body`).allTextContents();
}

export function names(page) {
  return page
    .locator('#users .person')
    .evaluateAll(people => people.map(({ dataset }) => dataset.name));
}

export async function seesPeople(page, expected) {
  await page.waitForFunction(
    wanted => {
      const shown = [...document.querySelectorAll('#users .person')].map(
        ({ dataset }) => dataset.name,
      );
      return JSON.stringify(shown.sort()) === JSON.stringify(wanted);
    },
    [...expected].sort(),
  );
}

export function person(page, name) {
  return page.locator('#users button').filter({ hasText: name });
}

// A message all of whose predecessors have arrived when it is seen: what they did not bring
// by then, they never will.
export async function roundTrip(sender, receivers, text) {
  await say(sender, text);
  await Promise.all([
    seesMessage(sender, text, '.user'), // not the one that is still in the outbox
    ...receivers.map(page => seesMessage(page, text)),
  ]);
}
