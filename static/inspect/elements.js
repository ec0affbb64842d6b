// The parts of the page that the scripts write to, by their ids.

export const ui = Object.fromEntries(
  [...document.querySelectorAll('[id]')].map(part => [
    part.id.replace(/-(\w)/g, (_, letter) => letter.toUpperCase()), part]));

export function element(tag, className, text) {
  const created = document.createElement(tag);
  if (className) created.className = className;
  if (text !== undefined) created.textContent = text;
  return created;
}

// Writes only what differs, so that a page that shows the same twice a second costs nothing.
export function write(part, text) {
  if (part.textContent !== text) part.textContent = text;
}

// Makes the children of `parent` those of `items`, in their order. Who has a key that was there
// before keeps its element, and with it the focus.
export function arrange(parent, items, keyOf, create, update) {
  const before = new Map([...parent.children].map(child => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let child = before.get(key);
    before.delete(key);
    if (!child) {
      child = create(item);
      child.dataset.key = key;
    }
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
    update?.(child, item);
  }
  for (const child of before.values()) child.remove();
}
