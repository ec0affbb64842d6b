// Colours for C++ and Python, as far as a glance needs them: comments, texts, and the words that matter.

const WORDS = {
  cpp: new Set(`alignas auto bool break case catch char class const constexpr continue default delete do
    double else enum explicit false final float for friend if inline int long namespace new noexcept
    nullptr operator override private protected public return short signed sizeof static struct switch
    template this throw true try typename unsigned using virtual void while`.split(/\s+/)),
  py: new Set(`and as assert break class continue def del elif else except False finally for from global
    if import in is lambda None nonlocal not or pass raise return self True try while with yield`
    .split(/\s+/)),
};
// Where a coroutine may wait.
const WAITS = new Set(['co_await', 'co_return', 'co_yield', 'await', 'async']);

const PIECE = {
  cpp: /(\/\/.*$|\/\*.*?\*\/)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)'|<[\w/.]+>(?=\s*$)|^\s*#\w+)|([A-Za-z_]\w*)/g,
  py: /(#.*$)|([rfb]{0,2}"""[^]*?(?:"""|$)|[rfb]{0,2}"(?:[^"\\]|\\.)*"|[rfb]{0,2}'(?:[^'\\]|\\.)*')|([A-Za-z_]\w*)/g,
};

// A function that takes a line apart: [kind, text], with no kind for what has no colour.
export function tokens(file) {
  const language = file.endsWith('.py') ? 'py' : 'cpp';
  return line => {
    const pieces = [];
    let end = 0;
    for (const found of line.matchAll(PIECE[language])) {
      const kind = kindOf(found, language);
      if (!kind) continue;
      if (found.index > end) pieces.push(['', line.slice(end, found.index)]);
      pieces.push([kind, found[0]]);
      end = found.index + found[0].length;
    }
    if (end < line.length) pieces.push(['', line.slice(end)]);
    return pieces;
  };
}

function kindOf([, comment, text, word], language) {
  if (comment !== undefined) return 'comment';
  if (text !== undefined) return 'string';
  if (WAITS.has(word)) return 'wait';
  return WORDS[language].has(word) ? 'word' : '';
}
