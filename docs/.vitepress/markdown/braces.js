// Pages are Markdown and no Vue templates: two braces in a text, or in code in a text, mean themselves.
export function plainBraces(md) {
  for (const kind of ['text', 'code_inline']) {
    const render = md.renderer.rules[kind];
    md.renderer.rules[kind] = (tokens, index, options, env, self) =>
      render(tokens, index, options, env, self).replaceAll('{{', '&#123;&#123;');
  }
}
