// What the pages may run: Swagger UI and the chat live with the policies that they are served with,
// and a script that got into a page does nothing.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DEADLINE, launchBrowser, Server } from './helpers.js';

let server;
let browser;

before(async () => {
  server = await Server.start();
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function open(path) {
  const context = await browser.newContext({ locale: 'en-US' });
  context.setDefaultTimeout(DEADLINE);
  const page = await context.newPage();
  page.violations = [];
  page.on('console', message => {
    if (message.type() === 'error') page.violations.push(message.text());
  });
  page.on('pageerror', error => page.violations.push(String(error)));
  await page.goto(server.url + path);
  return page;
}

test('Swagger UI shows the API, and calls it', async () => {
  const page = await open('/docs');
  await page.locator('#operations-default-get_health .opblock-summary').click();
  await page.getByRole('button', { name: 'Try it out' }).click();
  await page.getByRole('button', { name: 'Execute' }).click();
  await page.locator('.live-responses-table', { hasText: 'healthy' }).waitFor();
  assert.deepEqual(page.violations, []);
  await page.context().close();
});

test('a script in the document of the chat does not run', async () => {
  const page = await open('/chat');
  assert.deepEqual(page.violations, []);
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.ran = true';
    document.body.append(script);
    const picture = document.createElement('div');
    picture.innerHTML = '<img src="data:," onerror="window.ran = true">';
    document.body.append(picture);
    return new Promise(resolve => {
      picture.firstChild.addEventListener('error', () => setTimeout(resolve));
    });
  });
  assert.equal(await page.evaluate(() => window.ran), undefined);
  assert.ok(page.violations.some(text => text.includes('Content Security Policy')));
  await page.context().close();
});

test('a page of another origin cannot show the chat in a frame', async () => {
  const page = await open('/health');
  const refused = page.waitForEvent('console', message =>
    message.text().includes('frame-ancestors'),
  );
  const elsewhere = server.url.replace('127.0.0.1', 'localhost');
  await page.setContent(`<iframe src="${elsewhere}/chat"></iframe>`);
  await refused;
  await page.context().close();
});
