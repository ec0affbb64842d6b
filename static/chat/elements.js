// The parts of the page that the scripts write to.

export const ui = Object.fromEntries([
  'status', 'connection', 'username', 'connect', 'disconnect', 'language', 'notice', 'reason',
  'countdown', 'retry', 'users', 'messages', 'newer', 'composer', 'hint', 'text', 'send',
].map(id => [id, document.getElementById(id)]));
ui.nameProblem = document.getElementById('name-problem');
ui.peopleTitle = document.getElementById('people-title');
ui.peopleNote = document.getElementById('people-note');
ui.targetLine = document.querySelector('.target-line');

export function element(tag, className, text) {
  const created = document.createElement(tag);
  if (className) created.className = className;
  if (text !== undefined) created.textContent = text;
  return created;
}
