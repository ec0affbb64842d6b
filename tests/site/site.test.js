// The built site: every page works, every link leads somewhere, in both languages, by day and by night.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { editPattern } from '../../docs/.vitepress/repository.js';
import { PHONE, SITE, pagesOfSite, useSite } from './helpers.js';

const suite = useSite();

const unescaped = text => text.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', "'");
const idsOf = html => new Set([...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => unescaped(id)));

test('every link and every anchor leads somewhere', () => {
  const dead = [];
  for (const page of pagesOfSite()) {
    const html = readFileSync(path.join(SITE, page), 'utf8');
    for (const [, found] of html.matchAll(/\s(?:href|src)="([^"]*)"/g)) {
      const link = unescaped(found);
      if (/^[a-z]+:/i.test(link)) continue;
      const url = new URL(link, `http://site/tutorial/${page}`);
      let file = path.join(SITE, decodeURI(url.pathname).replace(/^\/tutorial\//, ''));
      if (url.pathname.endsWith('/')) file = path.join(file, 'index.html');
      const anchor = decodeURIComponent(url.hash.slice(1));
      if (!url.pathname.startsWith('/tutorial/') || !existsSync(file)) {
        dead.push(`${page}: ${link}`);
      } else if (anchor && file.endsWith('.html') && !idsOf(readFileSync(file, 'utf8')).has(anchor)) {
        dead.push(`${page}: ${link}`);
      }
    }
  }
  assert.deepEqual(dead, []);
});

test('no page has a script inside it', () => {
  for (const page of [...pagesOfSite(), '404.html']) {
    const html = readFileSync(path.join(SITE, page), 'utf8');
    assert.doesNotMatch(html, /<script(?![^>]*\ssrc=)[^>]*>/, page);
    assert.doesNotMatch(html, /\son\w+="/, page);
  }
});

test('every page works, draws its diagrams, and is no wider than a phone', async () => {
  const page = await suite.visit('', { viewport: PHONE });
  for (const address of pagesOfSite()) {
    await page.open(address);
    const diagrams = page.locator('figure.mermaid');
    for (const diagram of await diagrams.all()) {
      await diagram.locator('svg').waitFor();
      assert.equal(await diagram.locator('.failure').count(), 0, address);
    }
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= PHONE.width, `${address} is ${width} wide`);
  }
});

test('there is a diagram', () => {
  const drawn = pagesOfSite().filter(page => readFileSync(path.join(SITE, page), 'utf8').includes('class="mermaid"'));
  assert.ok(drawn.length > 1);
});

async function results(page, query) {
  await page.locator('#local-search button, .DocSearch-Button').first().click();
  await page.locator('#localsearch-input').fill(query);
  await page.locator('#localsearch-list .result').first().waitFor();
  return page.locator('#localsearch-list .result').evaluateAll(links => links.map(link => link.getAttribute('href')));
}

test('the search finds English', async () => {
  const page = await suite.visit('');
  const found = await results(page, 'coroutine');
  assert.ok(found.some(link => link.includes('/02_coroutines')), found.join());
  assert.ok(found.every(link => !link.includes('/zh-TW/')));
});

test('the search finds words within Chinese sentences', async () => {
  const page = await suite.visit('zh-TW/');
  const button = page.locator('.DocSearch-Button');
  assert.match(await button.innerText(), /搜尋/);
  // Four characters out of the middle of a sentence of the first chapter.
  const text = readFileSync(path.join(SITE, '../../docs/zh-TW/01_echo.md'), 'utf8');
  const [, query] = /\p{Script=Han}{3}(\p{Script=Han}{4})\p{Script=Han}{3}/u.exec(text);
  const found = await results(page, query);
  assert.ok(found.some(link => link.includes('/zh-TW/01_echo')), `${query}: ${found.join()}`);
  assert.ok(found.every(link => link.includes('/zh-TW/')));
});

test('one gets from a page to the same in the other language', async () => {
  const page = await suite.visit('01_echo.html');
  await page.locator('.VPNavBarTranslations, .VPNavBarExtra').first().hover();
  await page.getByRole('link', { name: '繁體中文' }).first().click();
  await page.waitForURL(/\/tutorial\/zh-TW\/01_echo\.html$/);
  // The address changes first.
  await page.waitForFunction(() => document.documentElement.lang === 'zh-TW');
});

test('it is dark where the system is, from the first moment, and where one says so', async () => {
  const page = await suite.visit('01_echo.html', { colorScheme: 'dark' });
  assert.equal(await page.locator('html.dark').count(), 1);
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const night = await background();
  await page.locator('.VPNavBarAppearance button, .VPNavBarExtra .VPSwitchAppearance').first().click();
  await page.waitForFunction(() => !document.documentElement.classList.contains('dark'));
  assert.notEqual(await background(), night);
});

test('a page links to its source where the clone names a code host, and nowhere else', () => {
  const edit = 'https://host.example/class/chat/edit/main/docs/:path';
  for (const origin of ['https://host.example/class/chat.git', 'git@host.example:class/chat.git', 'ssh://git@host.example/class/chat']) {
    assert.equal(editPattern(origin), edit, origin);
  }
  for (const origin of ['', '/srv/chat', '../chat.git']) assert.equal(editPattern(origin), undefined, origin);
});

test('on paper there is the text alone, and the versions stand one below the other', async () => {
  const page = await suite.visit('01_echo.html');
  const places = () =>
    page.evaluate(() => {
      const panels = document.querySelector('.stacks:has(.stacks-panel + .stacks-panel + .stacks-panel)');
      const shown = name => getComputedStyle(document.querySelector(name)).display !== 'none';
      return {
        tops: new Set([...panels.querySelectorAll('.stacks-panel')].map(panel => panel.offsetTop)).size,
        around: ['.VPNav', '.VPSidebar', '.VPDocFooter'].filter(shown),
      };
    });
  assert.deepEqual(await places(), { tops: 1, around: ['.VPNav', '.VPSidebar', '.VPDocFooter'] });
  await page.emulateMedia({ media: 'print' });
  assert.deepEqual(await places(), { tops: 3, around: [] });
});

test('the front page leads to the first chapter', async () => {
  for (const address of ['', 'zh-TW/']) {
    const page = await suite.visit(address);
    assert.equal(await page.locator('.VPFeature').count(), 3);
    await page.locator('.VPHero .VPButton').first().click();
    await page.waitForURL(/\/00_what_we_build\.html$/);
    await page.locator('h1').filter({ hasText: /^00/ }).waitFor();
  }
});
