// Cuts a rendered page into the sections that the search finds: one for each heading, as VitePress does,
// with the Chinese in it cut into words.
import { withWords } from './words.js';

const HEADING = /<h(?<level>[1-6])\s+id="(?<anchor>[^"]*)"[^>]*>(?<title>[\s\S]*?)<a class="header-anchor"[\s\S]*?<\/h\k<level>>/g;

export function* splitIntoSections(_, html) {
  const headings = [...html.matchAll(HEADING)];
  const above = [];
  for (const [n, heading] of headings.entries()) {
    const { level, anchor, title } = heading.groups;
    const begin = heading.index + heading[0].length;
    const body = plain(html.slice(begin, headings[n + 1]?.index));
    above.length = Number(level) - 1;
    above[Number(level) - 1] = plain(title);
    const titles = above.filter(Boolean);
    yield { anchor: n === 0 ? '' : anchor, titles, text: withWords(`${titles.join(' ')} ${body}`) };
  }
}

const ENTITIES = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&amp;': '&', '&ZeroWidthSpace;': '' };

function plain(html) {
  return html
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/<\/(p|li|td|th|pre|h\d|div)>/g, ' ')
    .replace(/<[^>]*>/g, '')
    .replace(/&(lt|gt|quot|amp|ZeroWidthSpace);/g, entity => ENTITIES[entity])
    .replace(/\s+/g, ' ')
    .trim();
}
