// The three versions on the site: columns, tabs, and parts that are lit together.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PHONE, useSite } from './helpers.js';

const suite = useSite();
const CHAPTER = '01_echo.html';
const VERSIONS = ['Flask-SocketIO', 'FastAPI', 'C++'];

// The first block of the page that shows all versions and has parts.
const block = page => page.locator('.stacks:has(.stacks-parts):has(.stacks-panel + .stacks-panel + .stacks-panel)').first();

async function shown(stacks) {
  const panels = await stacks.locator('.stacks-panel').all();
  const visible = await Promise.all(panels.map(panel => panel.isVisible()));
  return VERSIONS.filter((_, at) => visible[at]);
}

const litColumns = stacks =>
  stacks.evaluate(root =>
    [...root.querySelectorAll('.stacks-panel')].map(panel => panel.querySelectorAll('.line.lit').length),
  );

// A part that all three versions have.
const commonPart = stacks =>
  stacks.evaluate(root => {
    const partsOf = panel => [...panel.querySelectorAll('[data-parts]')].flatMap(line => line.dataset.parts.split(' '));
    const [first, ...others] = [...root.querySelectorAll('.stacks-panel')].map(partsOf);
    return first.find(name => others.every(parts => parts.includes(name)));
  });

test('on a wide screen the versions stand side by side', async () => {
  const page = await suite.visit(CHAPTER);
  const stacks = block(page);
  assert.deepEqual(await shown(stacks), VERSIONS);
  assert.equal(await stacks.getByRole('tab').first().isVisible(), false);
  const boxes = await Promise.all((await stacks.locator('.stacks-panel').all()).map(panel => panel.boundingBox()));
  assert.equal(boxes.length, 3);
  assert.equal(new Set(boxes.map(box => box.y)).size, 1);
  assert.ok(boxes[0].x + boxes[0].width <= boxes[1].x && boxes[1].x + boxes[1].width <= boxes[2].x);
  assert.ok(boxes.every(box => box.width > 250), JSON.stringify(boxes));
});

test('no code hides beyond the edge of its column', async () => {
  const page = await suite.visit(CHAPTER, { viewport: { width: 1200, height: 900 } });
  const cut = await page.evaluate(() =>
    [...document.querySelectorAll('.stacks pre')].filter(pre => pre.scrollWidth > pre.clientWidth + 1).length,
  );
  assert.equal(cut, 0);
});

test('on a phone there are tabs, which the keyboard moves through', async () => {
  const page = await suite.visit(CHAPTER, { viewport: PHONE });
  const stacks = block(page);
  const tab = name => stacks.getByRole('tab', { name, exact: true });
  assert.deepEqual(await shown(stacks), ['C++']);
  assert.equal(await tab('C++').getAttribute('aria-selected'), 'true');

  await tab('FastAPI').click();
  assert.deepEqual(await shown(stacks), ['FastAPI']);
  await page.keyboard.press('ArrowLeft');
  assert.deepEqual(await shown(stacks), ['Flask-SocketIO']);
  await page.keyboard.press('ArrowLeft');
  assert.deepEqual(await shown(stacks), ['C++']);
  await page.keyboard.press('Home');
  assert.deepEqual(await shown(stacks), ['Flask-SocketIO']);
  assert.equal(await tab('Flask-SocketIO').evaluate(button => button === document.activeElement), true);

  const panel = stacks.getByRole('tabpanel', { name: 'Flask-SocketIO' });
  assert.equal(await panel.count(), 1);
  assert.equal(await tab('Flask-SocketIO').getAttribute('aria-controls'), await panel.getAttribute('id'));
  assert.equal(await stacks.locator('[role=tab][tabindex="0"]').count(), 1);
});

test('the chosen version is that of all blocks, and stays', async () => {
  const page = await suite.visit(CHAPTER, { viewport: PHONE });
  await block(page).getByRole('tab', { name: 'FastAPI' }).click();
  for (const address of [CHAPTER, '03_messages.html', 'zh-TW/01_echo.html']) {
    await page.open(address);
    await page.waitForFunction(() => document.querySelector('.stacks [role=tab][aria-selected=true]')?.textContent.trim() === 'FastAPI');
    const selected = await page.locator('.stacks [role=tab][aria-selected=true]').allTextContents();
    assert.ok(selected.length > 1);
    assert.ok(selected.every(name => name.trim() === 'FastAPI'), selected.join());
  }
});

test('pointing at a line lights its part in all versions', async () => {
  const page = await suite.visit(CHAPTER);
  const stacks = block(page);
  const part = await commonPart(stacks);
  assert.ok(part);
  assert.deepEqual(await litColumns(stacks), [0, 0, 0]);
  await stacks.locator(`.stacks-panel:nth-child(2) [data-parts~="${part}"]`).first().hover();
  assert.ok((await litColumns(stacks)).every(count => count > 0));
  await page.locator('h1').hover();
  assert.deepEqual(await litColumns(stacks), [0, 0, 0]);
});

test('the name of a part lights it, by the keyboard too, and a click keeps it lit', async () => {
  const page = await suite.visit(CHAPTER);
  const stacks = block(page);
  const part = await commonPart(stacks);
  const name = stacks.getByRole('button', { name: part, exact: true });
  await name.focus();
  assert.ok((await litColumns(stacks)).every(count => count > 0));
  await page.keyboard.press('Enter');
  assert.equal(await name.getAttribute('aria-pressed'), 'true');
  await name.blur();
  assert.ok((await litColumns(stacks)).every(count => count > 0));
  await name.click();
  assert.equal(await name.getAttribute('aria-pressed'), 'false');
});

test('a tap keeps a part lit from tab to tab', async () => {
  const page = await suite.visit(CHAPTER, { viewport: PHONE, hasTouch: true, isMobile: true });
  const stacks = block(page);
  const part = await commonPart(stacks);
  await stacks.locator(`.stacks-panel.selected [data-parts~="${part}"]`).first().tap();
  await stacks.getByRole('tab', { name: 'FastAPI' }).tap();
  assert.deepEqual(await shown(stacks), ['FastAPI']);
  assert.ok((await litColumns(stacks)).every(count => count > 0));
});

test('the caption leads to the file', async () => {
  const page = await suite.visit(CHAPTER);
  const link = block(page).getByRole('link', { name: 'main.cpp' });
  const [file] = await Promise.all([page.waitForEvent('popup'), link.click()]);
  await file.waitForLoadState();
  assert.match(file.url(), /\/tutorial\/source\/docs\/src\/01_echo\/main\.cpp\.txt$/);
  assert.match(await file.locator('body').innerText(), /#include "beastapi\/app\.hpp"/);
});
