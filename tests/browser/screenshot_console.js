// Takes the picture of the console anew, docs/images/console.png.
// Run it by `node tests/browser/screenshot_console.js`; it needs the built program and Chromium.

import { fileURLToPath } from 'node:url';
import { Server, launchBrowser } from './helpers.js';

const TARGET = fileURLToPath(new URL('../../docs/images/console.png', import.meta.url));

async function send(page, kind, fields, answer) {
  await page.selectOption('#kind', kind);
  for (const [name, value] of Object.entries(fields)) {
    await page.locator(`#fields [name="${name}"]`).fill(value);
  }
  const answers = page.locator('.row.received').filter({ hasText: answer });
  const before = await answers.count();
  await page.locator('#send').click();
  await answers.nth(before).waitFor();
}

const server = await Server.start({ args: ['--locale', 'en'] });
const browser = await launchBrowser();
try {
  const page = await browser.newPage({
    viewport: { width: 1320, height: 1030 }, locale: 'en-US', ...JSON.parse(process.argv[2] ?? '{}'),
  });
  await page.goto(`${server.url}/docs?tab=websocket`);
  await page.selectOption('#endpoint', 'ws_chat_username');
  await page.locator('#connection [name=username]').fill('Alice');
  await page.locator('#connect').click();
  await page.locator('.row.received').waitFor();
  await send(page, 'join', { room: 'coroutines' }, 'joined');
  await send(page, 'message', { message: 'Hello, 世界! 👋', id: '6f1c', room: 'coroutines' }, 'ack');
  await send(page, 'who', { room: 'coroutines' }, 'users');
  await page.locator('.row.received summary').filter({ hasText: 'ack' }).click();
  await page.selectOption('#kind', 'who');
  await page.locator('#fields [name=after]').fill('soon');
  await page.locator('#problems li').waitFor();
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.screenshot({ path: process.argv[3] ?? TARGET });
} finally {
  await browser.close();
  await server.stop();
}
