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

// A text in which `this` is code.
export function sentence(tag, className, text) {
  const created = element(tag, className);
  created.append(...text.split('`').map((piece, index) =>
    index % 2 ? element('code', '', piece) : piece));
  return created;
}
