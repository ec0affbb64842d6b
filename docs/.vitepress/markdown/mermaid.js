// Turns ```mermaid fences into diagrams: theme/Mermaid.vue draws them in the browser.
export function mermaid(md) {
  const fence = md.renderer.rules.fence;
  md.renderer.rules.fence = (tokens, index, ...rest) => {
    const { info, content } = tokens[index];
    if (info.trim() !== 'mermaid') return fence(tokens, index, ...rest);
    return `<Mermaid source="${md.utils.escapeHtml(encodeURIComponent(content))}" />\n`;
  };
}
