// Links from pages to files that are no pages, such as programs: on a code host they lead to the file, and
// on the site to a copy of it, as text, under /source/.
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const DOCS = fileURLToPath(new URL('../../', import.meta.url));
const ROOT = path.dirname(path.resolve(DOCS));
const linked = new Set(); // relative to ROOT

export function linkSources(md, base) {
  md.core.ruler.push('sources', state => {
    for (const { children } of state.tokens) {
      children?.forEach((link, at) => {
        if (link.type === 'link_open') {
          const end = children.find((token, n) => n > at && token.type === 'link_close');
          follow(link, end, base, state.env);
        }
      });
    }
  });
}

function follow(link, end, base, env) {
  const href = link.attrGet('href') ?? '';
  if (/^([a-z]+:|\/|#)/i.test(href) || !env.relativePath) return;
  const file = path.resolve(DOCS, path.dirname(env.relativePath), decodeURI(href.replace(/[?#].*/, '')));
  const isPage = file.startsWith(DOCS) && file.endsWith('.md');
  if (isPage || !file.startsWith(ROOT) || !existsSync(file)) return;
  if (statSync(file).isDirectory()) {
    // A folder has no page here: its name stays, as text.
    Object.assign(link, { type: 'folder_open', tag: 'span', attrs: null });
    Object.assign(end, { type: 'folder_close', tag: 'span' });
    return;
  }
  const name = path.relative(ROOT, file);
  linked.add(name);
  link.attrSet('href', `${base}source/${name}${textSuffix(name)}`);
  link.attrSet('target', '_blank');
}

// Under a name that servers know: the browser shows it instead of saving it.
const textSuffix = name => (/\.(txt|png|svg|jpg)$/.test(name) ? '' : '.txt');

export function bringSources(outDir) {
  for (const name of linked) {
    const copy = path.join(outDir, 'source', name + textSuffix(name));
    mkdirSync(path.dirname(copy), { recursive: true });
    copyFileSync(path.join(ROOT, name), copy);
  }
  // What pages show from here is among the assets; the front pages name it in their heads.
  cpSync(path.join(DOCS, 'images'), path.join(outDir, 'images'), { recursive: true });
}

// The same while one writes.
export function serveSources(base) {
  return {
    name: 'sources',
    configureServer(server) {
      server.middlewares.use(`${base}source`, (request, response, next) => {
        const asked = decodeURI(request.url.replace(/[?#].*/, '').slice(1));
        const name = [...linked].find(name => name + textSuffix(name) === asked);
        if (!name) return next();
        response.setHeader('Content-Type', 'text/plain; charset=utf-8');
        return response.end(readFileSync(path.join(ROOT, name)));
      });
    },
  };
}
