// Turns what stands between <!-- stacks … --> and <!-- /stacks --> into the component Stacks: the versions
// of one piece of code in columns or tabs, whose matching parts are lit together.
//
// The pages hold it as plain Markdown, which scripts/snippets.py writes: for each version a paragraph with
// its name and a link to the file, and a fence whose info string ends with parts="NAME:LINES,…".

const OPENING = /^<!--\s*stacks\s/;
const CLOSING = /^<!--\s*\/stacks\s*-->/;
const NAME = /^([\w-]+)\s*:/gmu; // of a part, in the order of the comment
const INFO = /^(?<language>\S+)\s+\[(?<title>[^\]]+)\](?:\s+parts="(?<parts>[^"]*)")?/;

export function stacks(md) {
  md.core.ruler.push('stacks', state => {
    state.tokens = transformed(state.tokens, state, md);
  });
}

function transformed(tokens, state, md) {
  const result = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const end = isComment(tokens[at], OPENING) ? findClosing(tokens, at) : -1;
    if (end < 0) {
      result.push(tokens[at]);
      continue;
    }
    result.push(...component(tokens[at].content, tokens.slice(at + 1, end), state, md));
    at = end;
  }
  return result;
}

const isComment = (token, pattern) => token.type === 'html_block' && pattern.test(token.content.trim());

function findClosing(tokens, from) {
  return tokens.findIndex((token, at) => at > from && isComment(token, CLOSING));
}

function component(comment, tokens, state, md) {
  const versions = [];
  const slots = [];
  const html = content => {
    const token = new state.Token('html_block', '', 0);
    token.content = `${content}\n`;
    return token;
  };
  let caption = [];
  for (const token of tokens) {
    const info = token.type === 'fence' && INFO.exec(token.info)?.groups;
    if (!info) {
      caption.push(token);
      continue;
    }
    // The title and the lines are for the component, and VitePress would read them as its own.
    token.info = info.language;
    slots.push(html(`<template #caption${versions.length}>\n`), ...caption, html('</template>'));
    slots.push(html(`<template #code${versions.length}>\n`), token, html('</template>'));
    versions.push({ title: info.title, parts: readParts(info.parts) });
    caption = [];
  }
  const lit = new Set(versions.flatMap(({ parts }) => parts.map(([name]) => name)));
  const names = [...comment.matchAll(NAME)].map(([, name]) => name).filter(name => lit.has(name));
  const attribute = value => md.utils.escapeHtml(JSON.stringify(value));
  const opening = `<Stacks :names="${attribute(names)}" :versions="${attribute(versions)}">`;
  return [html(opening), ...slots, html('</Stacks>')];
}

// accept:2,receive:5-6+9 as [["accept", [2]], ["receive", [5, 6, 9]]]
function readParts(text = '') {
  return text.split(',').filter(Boolean).map(part => {
    const [name, ranges] = part.split(':');
    const lines = ranges.split('+').flatMap(range => {
      const [first, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, n) => first + n);
    });
    return [name, lines];
  });
}
