// Texts that are within the limits of the server, and made to break the layout of a page.

const FAMILY = '\u{1f469}\u{1f3ff}\u200d\u{1f468}\u{1f3fb}\u200d\u{1f467}\u200d\u{1f466}';

export const HOSTILE = {
  'marks on one letter': `a${'\u0301\u0336\u0489'.repeat(433)}`,
  'enclosing marks': `a${'\u20dd\u20e3'.repeat(600)}`,
  'emoji in one chain': Array(400).fill('\u{1f469}').join('\u200d'),
  'families': FAMILY.repeat(150),
  'Thai marks': `ก${'\u0e49\u0e4c\u0e47'.repeat(433)}`,
  'Arabic and Tibetan marks': `\u0628${'\u0651\u0670'.repeat(300)}\u0f40${'\u0f71\u0f72'.repeat(300)}`,
  'overrides': `${'\u202e'.repeat(60)}drawkcab${'\u202d'.repeat(60)}abc`,
  'isolates': `${'\u2067'.repeat(125)}שלום abc${'\u2069'.repeat(3)}\u202e`,
  'a long word': 'w'.repeat(4_000),
  'blanks that do not break': '\u00a0x'.repeat(2_000),
  'the widest letter': '\ufdfd'.repeat(500),
};
