// What the style sheet needs to know of a line of code: how far it is indented, and whether a line of a
// terminal is what the computer answered.
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
};

const textOf = node => node.value ?? node.children.map(textOf).join('');
