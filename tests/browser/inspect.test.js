// The page of /inspect, in front of the tutorial's programs in C++ and in Python, and of the server.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { DEADLINE, launchBrowser } from './helpers.js';
import { CHAPTERS, LOAD, programOf, STACKS, start, startServer, stopAll } from './inspected.js';

let browser;

before(async () => {
  for (const stack of STACKS) {
    for (const { chapter } of CHAPTERS) programOf(stack, chapter);
    programOf(stack, '02_coroutines', 'mistakes');
  }
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  await stopAll();
});

// A page in a context of its own; afterwards nothing may have gone wrong in it.
async function withPage(options, use) {
  const context = await browser.newContext({ locale: 'en-US', ...options });
  context.setDefaultTimeout(DEADLINE);
  const page = await context.newPage();
  const problems = [];
  page.on('pageerror', error => problems.push(String(error)));
  page.on('console', message => message.type() === 'error' && problems.push(message.text()));
  try {
    await use(page);
    assert.deepEqual(problems, [], 'no script error, and nothing that the policy forbids');
  } finally {
    await context.close();
  }
}

async function open(page, program) {
  await page.goto(`${(await program).url}/inspect`);
  await state(page, 'live');
}

function state(page, name) {
  return page.locator(`#state[data-state=${name}]`).waitFor();
}

// A client in the page itself. It connects again when the program has said goodbye, as after a countdown.
function connect(page, path) {
  return page.evaluate(address => new Promise((resolve, reject) => {
    window.clients ??= [];
    const open = () => {
      const client = new WebSocket(location.origin.replace('http', 'ws') + address);
      client.onopen = () => resolve(window.clients.push(client));
      client.onclose = ({ wasClean }) => (wasClean ? open() : reject(new Error('no connection')));
    };
    open();
  }), path);
}

function row(page, name) {
  const functions = page.locator(`.function:text-is("${name}")`);
  return page.locator('.node:not(.over) > .coroutine').filter({ has: functions }).first();
}

// Chooses the coroutine, and waits until the line that is lit for it is one with that text. One that
// has ended meanwhile has left the page: then its successor is chosen.
async function isLitAt(page, name, text) {
  const deadline = Date.now() + DEADLINE;
  let lit = '';
  while (!lit.includes(text)) {
    assert.ok(Date.now() < deadline, `${name} waits at '${lit}', not at '${text}'`);
    await row(page, name).click({ timeout: 1000 }).catch(() => {});
    lit = await page.locator('#code .row.chosen.lit .text').textContent({ timeout: 1000 }).catch(() => '');
  }
}

async function fits(page) {
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing sticks out');
}

// Both stacks at once: most of the time the pages wait for the next snapshot.
test('the line is lit in which each coroutine of chapters 01 to 08 waits, in C++ and in Python', async () => {
  await Promise.all(STACKS.map(stack => withPage({}, async page => {
    for (const { chapter, path, waits } of CHAPTERS) {
      await open(page, programOf(stack, chapter));
      await connect(page, path);
      await page.locator('.task .name').filter({ hasText: decodeURIComponent(path) }).first().waitFor();
      for (const [name, lines] of Object.entries(waits)) {
        await isLitAt(page, name, lines[stack === 'C++' ? 0 : 1] ?? lines[0]);
      }
      assert.equal(await page.locator('.task i').count(), 0, 'a name is text');
    }
  })));
});

test('|| loses a side, a blocked loop is red, and a leak is marked, in C++ and in Python', async () => {
  await Promise.all(STACKS.map(stack => withPage({}, async page => {
    await open(page, programOf(stack, '02_coroutines'));
    await connect(page, '/ws/countdown');
    await row(page, 'countdown').waitFor();
    // Again and again: on a busy machine a countdown may be over before it's told to stop.
    await page.evaluate(() => setInterval(() => {
      const client = window.clients.at(-1);
      if (client.readyState === WebSocket.OPEN) client.send('stop');
    }, 1000));
    await page.locator('.node.over > .coroutine', { hasText: /countdown.*was cancelled/ }).first().waitFor();
    await page.locator('#log tr.what-cancelled', { hasText: 'countdown' }).first().waitFor();

    await open(page, programOf(stack, '02_coroutines', 'mistakes'));
    await connect(page, '/ws/blocks');
    await row(page, 'websocket_blocks').waitFor();
    await page.locator('.loop:not(.late)').waitFor();
    // Again and again: it's red for a second only, and the test may look too late.
    await page.evaluate(() => { window.blocking = setInterval(() => window.clients[0].send('block'), 700); });
    await page.locator('.loop.late').waitFor();
    await page.locator('#alarm', { hasText: 'is blocked' }).waitFor();
    await page.evaluate(() => clearInterval(window.blocking));
    await page.locator('.loop:not(.late)').waitFor();

    const leak = page.locator('.task').filter({ hasText: '/ws/leaks' });
    await page.evaluate(() => {
      const client = new WebSocket(`${location.origin.replace('http', 'ws')}/ws/leaks`);
      client.onopen = () => client.close();
    });
    await leak.locator('.leak:visible').waitFor();
    await leak.locator('.coroutine', { hasText: /ticker.*waits for a timer/ }).waitFor();
  })));
});

test('with 1,000 connections twenty tasks are in the page; one is found, and pages are turned', async () => {
  const program = await startServer(
    '--max-connections', '0', '--max-connections-per-address', '0', '--connection-rate', '0');
  const address = `${program.url.replace('http', 'ws')}/ws/chat/{user}`;
  const load = spawn(LOAD, ['idle', address, '--connections', '1000', '--duration', '60'], { stdio: 'ignore' });
  try {
    await withPage({}, async page => {
      await open(page, program);
      await page.locator('#range', { hasText: 'of 1,000' }).waitFor();
      assert.equal(await page.locator('.task').count(), 20);
      const first = await page.locator('.task .name').first().textContent();
      await page.getByRole('button', { name: 'Next' }).click();
      await page.locator('#range', { hasText: '21–40 of 1,000' }).waitFor();
      assert.equal(await page.locator('.task').count(), 20);
      const last = await page.locator('.task .name').last().textContent();
      await page.fill('#find', last);
      await page.locator('.task .name').first().filter({ hasText: last }).waitFor();
      await page.fill('#find', 'nobody at all');
      await page.getByText('Nothing fits.').waitFor();
      await page.fill('#find', '');
      await page.locator('.task .name').first().filter({ hasText: first }).waitFor();
    });
  } finally {
    load.kill('SIGTERM');
    await program.stop();
  }
});

test('where a stream doesn’t come through, the page asks; a program that ends is said to', async () => {
  const program = await start('Python', '01_echo');
  const context = await browser.newContext({ locale: 'en-US' });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(DEADLINE);
    await page.route('**/inspect/events*', route => route.abort());
    await open(page, program);
    await connect(page, '/ws');
    await row(page, 'websocket_endpoint').waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await state(page, 'paused');
    await page.getByRole('button', { name: 'Go on' }).click();
    await state(page, 'live');
    await program.stop();
    await state(page, 'lost');
  } finally {
    await context.close();
    await program.stop();
  }
});

test('on a phone nothing is cut off, in Chinese either, and the keyboard leads through', async () => {
  await withPage({ viewport: { width: 390, height: 844 }, locale: 'zh-TW' }, async page => {
    await open(page, programOf('Python', '07_heartbeat'));
    await connect(page, '/ws/chat/Alice/heartbeat');
    await row(page, 'chat_loop').filter({ hasText: '等待訊息' }).waitFor();
    await row(page, 'websocket_chat_with_heartbeat').click();
    for (const name of ['chat_loop', 'heartbeat_sender', 'check_heartbeat']) {
      await page.keyboard.press('ArrowDown');
      await page.locator('.coroutine[aria-current]:focus', { hasText: name }).waitFor();
    }
    await isLitAt(page, 'check_heartbeat', 'HEARTBEAT_TIMEOUT');
    await fits(page);
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('heading', { name: 'Coroutines, live' }).waitFor();
    await fits(page);
  });
});

test('only this machine may look, and only at files that the page names', async () => {
  const { url } = await programOf('Python', '04_connection_manager');
  const status = async (path, headers = {}) => (await fetch(`${url}${path}`, { headers })).status;
  assert.equal(await status('/inspect.json'), 200);
  assert.equal(await status('/inspect.json', { 'X-Forwarded-For': '203.0.113.7' }), 403);
  const files = ['docs/src/01_echo/fastapi_app.py', '/etc/passwd', '../../README.md'];
  for (const file of files.map(encodeURIComponent)) {
    assert.equal(await status(`/inspect/source?file=${file}`), 404);
  }
  for (const file of ['%2e%2e/status/main.js', 'none.js', '..%2f..%2fpackage.json']) {
    assert.equal(await status(`/inspect/static/${file}`), 404);
  }
});
