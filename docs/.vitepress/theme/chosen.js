// Which version the reader looks at where there is room for one: the same in all blocks, and next time.
import { ref } from 'vue';

const KEY = 'chosen-stack';
export const chosen = ref('');

export function remember(title) {
  chosen.value = title;
  try {
    localStorage.setItem(KEY, title);
  } catch {
    // A browser may forbid it: then it is forgotten.
  }
}

export function recall() {
  try {
    chosen.value = localStorage.getItem(KEY) ?? '';
  } catch {
    chosen.value = '';
  }
}
