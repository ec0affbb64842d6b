// The site of the tutorial: VitePress's settings. scripts/docs.sh serves and builds it.
import { defineConfig } from 'vitepress';
import { bringSources, linkSources, serveSources } from './markdown/sources.js';
import { externaliseScripts, writeScripts } from './scripts.js';
import { plainBraces } from './markdown/braces.js';
import { joinChineseLines } from './markdown/chinese.js';
import { lines } from './markdown/lines.js';
import { mermaid } from './markdown/mermaid.js';
import { stacks } from './markdown/stacks.js';
import { english, traditionalChinese } from './languages.js';
import { editLink, hasHistory } from './repository.js';
import { slugify } from './markdown/slugify.js';
import { splitIntoSections } from './search/sections.js';

const base = '/tutorial/';

export default defineConfig({
  base,
  title: english.title,
  description: english.description,
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: `${base}icon.svg` }]],
  srcExclude: ['src/**'],
  outDir: '../build/site',
  cacheDir: '../build/docs-cache',
  // scripts/check_docs.py looks after the links: it also knows how code hosts see them.
  ignoreDeadLinks: true,
  lastUpdated: hasHistory(),
  // What VitePress would write into each page as a script goes into files: see scripts.js.
  metaChunk: true,
  transformHtml: externaliseScripts,
  buildEnd({ outDir }) {
    writeScripts(outDir);
    bringSources(outDir);
  },

  locales: {
    root: english.locale,
    'zh-TW': traditionalChinese.locale,
  },
  themeConfig: {
    editLink: editLink('Edit this page'),
    search: {
      provider: 'local',
      options: {
        locales: { root: english.search, 'zh-TW': traditionalChinese.search },
        miniSearch: { _splitIntoSections: splitIntoSections },
      },
    },
  },

  markdown: {
    anchor: { slugify },
    headers: { slugify },
    languageAlias: { console: 'shellsession', chat: 'text' },
    // Those whose colours can be told from the background by everybody (WCAG AA).
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    codeTransformers: [lines],
    config(md) {
      plainBraces(md);
      joinChineseLines(md);
      stacks(md);
      mermaid(md);
      linkSources(md, base);
    },
  },

  vite: {
    plugins: [serveSources(base)],
    // Mermaid's parts are large, and loaded only by pages with diagrams.
    build: { chunkSizeWarningLimit: 1500 },
    optimizeDeps: { include: ['mermaid'] },
  },
});
