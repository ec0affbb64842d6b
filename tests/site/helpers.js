// What the tests of the site share: the chat server, which serves it, Chromium, and pages that tell of
// every mistake they hear of.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, afterEach, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Server, launchBrowser } from '../browser/helpers.js';

export const SITE = fileURLToPath(new URL('../../build/site/', import.meta.url));
export const WIDE = { width: 1280, height: 900 };
export const PHONE = { width: 390, height: 844 };

// The addresses of all pages, relative to /tutorial/.
export const pagesOfSite = () =>
  readdirSync(SITE, { recursive: true })
    .filter(name => name.endsWith('.html') && name !== '404.html')
    .sort();

export function useSite() {
  const suite = {};
  const problems = [];
  const open = [];

  before(async () => {
    suite.server = await Server.start({ args: ['--tutorial-dir', SITE] });
    suite.browser = await launchBrowser();
  });

  after(async () => {
    await suite.browser?.close();
    await suite.server?.stop();
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map(context => context.close()));
    assert.deepEqual(problems.splice(0), [], 'no script error, nothing refused, nothing missing');
  });

  // Opens a page in a browser of its own, with Playwright's options.
  suite.visit = async (path, options = {}) => {
    const context = await suite.browser.newContext({ viewport: WIDE, ...options });
    open.push(context);
    const page = await context.newPage();
    page.on('pageerror', error => problems.push(`${path}: ${error.message}`));
    page.on('console', message => {
      if (['error', 'warning'].includes(message.type())) problems.push(`${path}: ${message.text()}`);
    });
    page.on('response', response => {
      if (response.status() >= 400) problems.push(`${path}: ${response.status()} ${response.url()}`);
    });
    page.open = async to => {
      await page.goto(`${suite.server.url}/tutorial/${to}`);
      // The application has taken the page over.
      await page.waitForFunction(() => document.querySelector('#app')?.__vue_app__);
    };
    await page.open(path);
    return page;
  };

  return suite;
}
