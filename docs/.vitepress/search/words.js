// Chinese has no blanks between words, by which the search finds them: each two neighbouring characters
// become a word, in the pages and in what is searched for.
const CHINESE = /[\p{Script=Han}]+/gu;

export function withWords(text) {
  return text.replace(CHINESE, run => {
    const pairs = Array.from({ length: [...run].length - 1 }, (_, at) => [...run].slice(at, at + 2).join(''));
    return ` ${(pairs.length ? pairs : [run]).join(' ')} `;
  });
}

const SEPARATORS = /[\n\r\p{Z}\p{P}]+/u; // as MiniSearch has them

export const words = text => withWords(text).split(SEPARATORS).filter(Boolean);
