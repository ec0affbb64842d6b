// Takes the README's picture anew, docs/images/chat.png: two users in a talk, side by side.
// Run it by `node tests/browser/screenshot.js`; it needs the built program and Chromium.

import { fileURLToPath } from 'node:url';
import { Server, join, launchBrowser, person, say, seesMessage } from './helpers.js';

const TARGET = fileURLToPath(new URL('../../docs/images/chat.png', import.meta.url));
const WINDOW = { width: 760, height: 600 };
const GAP = 20;

async function openWindow(browser, server, name, options) {
  const page = await browser.newPage({ viewport: WINDOW, ...options });
  await page.goto(`${server.url}/chat`);
  await join(page, name);
  await page.mouse.move(0, 0);
  return page;
}

async function openRoom(page, name) {
  await page.fill('#room', name);
  await page.press('#room', 'Enter');
  await page.locator('[role=tab][aria-selected=true]').filter({ hasText: name }).waitFor();
}

// They meet in the lobby, go on in a room, and Bob has something to say to Alice alone.
async function talk(alice, bob) {
  const says = async (speaker, text, everyone = [alice, bob]) => {
    await say(speaker, text);
    for (const page of everyone) await seesMessage(page, text);
  };
  await says(alice, 'Hello, Bob! 👋 Is this Python or C++?');
  await says(bob, '你好，Alice！這是 C++，寫起來就像 FastAPI。');
  await person(bob, 'Alice').click();
  await says(bob, '這句話只有你看得到 🤫');
  for (const page of [alice, bob]) await openRoom(page, 'coroutines');
  await openRoom(bob, '午餐');
  await bob.getByRole('tab', { name: 'coroutines' }).click();
  await says(alice, 'co_await websocket.receive_text()');
  await says(bob, 'I see what you mean.');
  await bob.locator('#text').pressSequentially('Yes, gladly. Who', { delay: 250 });
  await bob.getByRole('tab').first().click();
  await says(alice, 'Shall we write the next chapter?', [alice]);
  await bob.locator('.tab .unread').filter({ hasText: '1' }).waitFor();
  await alice.locator('#typing').filter({ hasText: 'Bob' }).waitFor();
  await alice.mouse.move(0, 0);
  await bob.mouse.move(0, 0);
}

// One picture of both windows on a plain ground.
async function paint(browser, pages) {
  const shots = await Promise.all(pages.map(page => page.screenshot()));
  const canvas = await browser.newPage({
    viewport: { width: 2 * WINDOW.width + 3 * GAP, height: WINDOW.height + 2 * GAP },
  });
  await canvas.setContent(`<style>
    body { display: flex; gap: ${GAP}px; margin: 0; padding: ${GAP}px; background: #c9cfe8; }
    img { width: ${WINDOW.width}px; border-radius: 14px; }
  </style>${shots.map(shot => `<img src="data:image/png;base64,${shot.toString('base64')}">`).join('')}`);
  await canvas.screenshot({ path: TARGET });
}

const server = await Server.start();
const browser = await launchBrowser();
try {
  const alice = await openWindow(browser, server, 'Alice', { locale: 'en-US' });
  const bob = await openWindow(browser, server, 'Bob', { locale: 'zh-TW', colorScheme: 'dark' });
  await talk(alice, bob);
  await paint(browser, [alice, bob]);
} finally {
  await browser.close();
  await server.stop();
}
