// The sidebar: the pages that exist, under their first headings. A new page needs no entry here.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const DOCS = fileURLToPath(new URL('../', import.meta.url));
const REFERENCE = ['protocol', 'settings', 'cost', 'monitoring', 'beastapi'];
const GUIDES = ['migration', 'teachers', 'students', 'engineers'];

export const chapters = folder =>
  pages(folder, readdirSync(path.join(DOCS, folder)).filter(name => /^\d\d[a-z]?_.*\.md$/.test(name)).sort());

export const faq = folder => pages(folder, ['faq.md']);

export const guides = folder => pages(folder, GUIDES.map(name => `${name}.md`));

export const reference = folder => pages(folder, REFERENCE.map(name => `${name}.md`));

function pages(folder, names) {
  return names
    .map(name => path.join(folder, name))
    .filter(name => existsSync(path.join(DOCS, name)))
    .map(name => ({ text: title(path.join(DOCS, name)), link: `/${name.replace(/\.md$/, '')}` }));
}

function title(file) {
  const heading = /^# (.*)$/m.exec(readFileSync(file, 'utf8'));
  return heading ? heading[1].replace(/[`*]/g, '').trim() : path.basename(file, '.md');
}
