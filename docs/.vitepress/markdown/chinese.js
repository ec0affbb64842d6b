// Chinese has no blanks between words: where a line of the source ends in the middle of a Chinese sentence,
// the page shows none.
const CHINESE = /[\p{Script=Han}\u3000-\u303f\uff00-\uffef]/u;

export function joinChineseLines(md) {
  md.core.ruler.push('chinese', state => {
    for (const { children } of state.tokens) {
      children?.forEach((token, at) => {
        if (token.type !== 'softbreak') return;
        const before = [...(children[at - 1]?.content ?? '')].at(-1) ?? '';
        const [behind = ''] = children[at + 1]?.content ?? '';
        if (CHINESE.test(before) && CHINESE.test(behind)) {
          Object.assign(token, { type: 'text', content: '' });
        }
      });
    }
  });
}
