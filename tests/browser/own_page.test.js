// A page of the user's own in --static-dir: it works as it is, with its script and style inside.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DEADLINE, launchBrowser, Server } from './helpers.js';

const PAGES = fileURLToPath(new URL('pages', import.meta.url));

let browser;

before(async () => {
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
});

async function open(server, path) {
  const context = await browser.newContext();
  context.setDefaultTimeout(DEADLINE);
  const page = await context.newPage();
  page.problems = [];
  page.on('console', message => {
    if (message.type() === 'error' && !message.text().includes('favicon')) {
      page.problems.push(message.text());
    }
  });
  page.on('pageerror', error => page.problems.push(String(error)));
  await page.route('**/favicon.ico', route => route.fulfill({ status: 204 }));
  await page.goto(server.url + path);
  return page;
}

for (const path of ['/chat', '/static/chat.html']) {
  test(`a tutorial's page chats as it is, at ${path}`, async () => {
    const server = await Server.start({ args: ['--static-dir', PAGES] });
    try {
      const page = await open(server, path);
      await page.fill('#username', 'Alice');
      await page.getByRole('button', { name: 'Connect' }).click();
      await page.locator('#state', { hasText: /^connected$/ }).waitFor();
      await page.fill('#text', 'Hello');
      await page.getByRole('button', { name: 'Send' }).click();
      const message = page.locator('.own', { hasText: 'Hello' });
      await message.waitFor();
      assert.equal(
        await message.evaluate(element => getComputedStyle(element).color),
        'rgb(102, 126, 234)',
      );
      await page.fill('#text', 'Hello again');
      await page.press('#text', 'Enter');
      await page.locator('.own', { hasText: 'Hello again' }).waitFor();
      assert.deepEqual(page.problems, []);
      await page.context().close();
    } finally {
      await server.stop();
    }
  });
}

test('the policy of --content-security-policy is the one that such a page gets', async () => {
  const policy = "default-src 'self'; script-src 'none'";
  const args = ['--static-dir', PAGES, '--content-security-policy', policy];
  const server = await Server.start({ args });
  try {
    for (const path of ['/chat', '/static/chat.html']) {
      const response = await fetch(server.url + path);
      assert.equal(response.headers.get('content-security-policy'), policy);
    }
  } finally {
    await server.stop();
  }
});
