// Moves the scripts that VitePress writes into its pages into files of their own, so that the site works
// under a Content-Security-Policy that allows no script inside a page (script-src 'self').
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const INLINE = /<script(?<attributes>(?:\s(?!src)[\w-]+(?:="[^"]*")?)*)>(?<code>[\s\S]+?)<\/script>/g;
const scripts = new Map(); // file name → code

export function externaliseScripts(html, _, { siteConfig }) {
  return html.replace(INLINE, (...match) => {
    const { attributes, code } = match.at(-1);
    const name = `inline.${createHash('sha256').update(code).digest('hex').slice(0, 12)}.js`;
    scripts.set(name, code);
    // It runs where it stands, before the page is shown: so the dark page does not flash white.
    return `<script${attributes} src="${siteConfig.site.base}${siteConfig.assetsDir}/${name}"></script>`;
  });
}

export function writeScripts(outDir) {
  for (const [name, code] of scripts) {
    const folder = path.join(outDir, 'assets');
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, name), code);
  }
}
