// Takes the picture of the inspector anew, docs/images/inspector.png.
// Run it by `node tests/browser/screenshot_inspect.js`; it needs the built programs and Chromium.
// In their order, its arguments are the stack, the chapter, the path of a WebSocket, options of the
// browser's page as JSON, and the file.

import { fileURLToPath } from 'node:url';
import { launchBrowser } from './helpers.js';
import { start } from './inspected.js';

const TARGET = fileURLToPath(new URL('../../docs/images/inspector.png', import.meta.url));

const [stack = 'C++', chapter = '02_coroutines', path = '/ws/countdown', options = '{}', file = TARGET] =
  process.argv.slice(2);
const [folder, name] = chapter.split('/');

const program = await start(stack, folder, name);
const browser = await launchBrowser();
try {
  const page = await browser.newPage({
    viewport: { width: 1280, height: 960 }, locale: 'en-US', ...JSON.parse(options),
  });
  await page.goto(`${program.url}/inspect`);
  await page.evaluate(addresses => Promise.all(addresses.map(address => new Promise(resolve => {
    const client = new WebSocket(location.origin.replace('http', 'ws') + address);
    window.clients = [...window.clients ?? [], client];
    client.onopen = resolve;
  }))), path.split(','));
  await page.locator('.coroutine').nth(1).waitFor();
  await page.locator('#log tr').nth(6).waitFor();
  await page.locator('.coroutine').nth(1).click();
  await page.locator('#code .row.chosen').waitFor();
  await page.mouse.move(0, 0);
  await page.screenshot({ path: file });
} finally {
  await browser.close();
  await program.stop();
}
