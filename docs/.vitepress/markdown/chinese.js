// Chinese has no blanks between words, and none beside its punctuation: where a line of the source ends at
// such a place, the page shows none.
const PUNCTUATION = /[\u3000-\u303f\uff00-\uffef]/u;
const CHINESE = /[\p{Script=Han}\u3000-\u303f\uff00-\uffef]/u;

function isJoined(before, behind) {
  if (PUNCTUATION.test(before) || PUNCTUATION.test(behind)) return true;
  return CHINESE.test(before) && CHINESE.test(behind);
}

// Where emphasis or a link begins and ends, there is no text.
const hasText = token => token.content !== '';

export function joinChineseLines(md) {
  md.core.ruler.push('chinese', state => {
    for (const { children } of state.tokens) {
      children?.forEach((token, at) => {
        if (token.type !== 'softbreak') return;
        const before = [...(children.slice(0, at).findLast(hasText)?.content ?? '')].at(-1) ?? '';
        const [behind = ''] = children.slice(at + 1).find(hasText)?.content ?? '';
        if (isJoined(before, behind)) {
          Object.assign(token, { type: 'text', content: '' });
        }
      });
    }
  });
}
