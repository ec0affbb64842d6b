// What the style sheet needs to know of a line of code: how far it is indented, where a long one may be
// broken, and whether a line of a terminal is what the computer answered.
export const lines = {
  name: 'lines',
  line(node) {
    const text = node.children.map(textOf).join('');
    const indent = /^ */.exec(text)[0].length;
    if (indent) node.properties.style = `--indent:${indent}`;
    if (this.options.lang === 'console' && !/^(\$|>) /.test(text)) {
      // An answer has no syntax.
      for (const part of node.children) delete part.properties?.style;
    }
  },
  // VitePress's own transformers are done with the pieces then.
  code(node) {
    for (const line of node.children) {
      if (line.tagName === 'span') addBreaks(line);
    }
  },
};

const textOf = node => node.value ?? node.children.map(textOf).join('');

// Behind these a name begins, which is better left whole.
const BREAK = /(?<=[(.]|::|->)(?=[A-Za-z_])/;

// A line is a row of coloured pieces: it may be broken within a piece, and between two.
function addBreaks(line) {
  let before = '';
  line.children = line.children.flatMap(piece => {
    const text = textOf(piece);
    const between = `${before.slice(-2)}${text.slice(0, 1)}`.split(BREAK).length > 1;
    before = text;
    if (piece.children?.every(child => child.type === 'text')) {
      piece.children = text.split(BREAK).flatMap((value, at) => [...(at ? [wbr()] : []), { type: 'text', value }]);
    }
    return between ? [wbr(), piece] : [piece];
  });
}

const wbr = () => ({ type: 'element', tagName: 'wbr', properties: {}, children: [] });
