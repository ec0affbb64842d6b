// Lists of buttons that are one stop for the Tab key, however long; arrow keys move within.

export function keepOneTabStop(list, chosen) {
  const current = list.querySelector('[tabindex="0"]');
  const next = chosen ?? current ?? list.querySelector('button');
  if (current && current !== next) current.tabIndex = -1;
  if (next) next.tabIndex = 0;
}

export function moveWithArrows(list, moved = () => {}) {
  list.addEventListener('keydown', event => {
    const buttons = [...list.querySelectorAll('button')];
    const index = buttons.indexOf(document.activeElement);
    const next = {
      ArrowDown: index + 1, ArrowRight: index + 1, ArrowUp: index - 1, ArrowLeft: index - 1,
      Home: 0, End: buttons.length - 1,
    }[event.key];
    if (index < 0 || next === undefined) return;
    event.preventDefault();
    const chosen = buttons[Math.min(Math.max(next, 0), buttons.length - 1)];
    keepOneTabStop(list, chosen);
    chosen.focus();
    moved(chosen);
  });
}
