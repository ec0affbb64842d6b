// Lists of which only the first are in the document, however many there are.

export const MOST_LISTED = 200;

// The first of `names` by `before`, which are sorted, without sorting all.
export function firstInOrder(names, before, count = MOST_LISTED) {
  const first = [];
  for (const name of names) {
    if (first.length === count && !before(name, first.at(-1))) continue;
    let low = 0;
    let high = first.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (before(name, first[middle])) high = middle;
      else low = middle + 1;
    }
    first.splice(low, 0, name);
    if (first.length > count) first.pop();
  }
  return first;
}

// Makes these the list's items. One that stays is not moved, so it keeps the focus.
export function setItems(list, items) {
  const kept = new Set(items);
  for (const item of [...list.children]) if (!kept.has(item)) item.remove();
  items.forEach((item, index) => {
    if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
  });
}

// Whether `name` has the words of `filter` in it, however either is written.
export function matcher(filter) {
  const wanted = fold(filter);
  return wanted === '' ? () => true : name => fold(name).includes(wanted);
}

function fold(text) {
  return text.trim().normalize('NFKC').toLowerCase();
}
