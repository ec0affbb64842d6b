// The chat page: starts it, and ties what its reader does to the modules that do it.

import { isComposing, writeTo } from './composer.js';
import { connectAs, connectionEnded, disconnect, showNameProblem, wakeUp } from './connection.js';
import { ui } from './elements.js';
import { receive } from './frames.js';
import { applyLanguage, switchLanguage } from './language.js';
import { forgetUnread } from './log.js';
import { showPeople } from './people.js';
import { handleSocket } from './socket.js';
import { chat, remembered } from './state.js';

handleSocket({ frame: receive, end: connectionEnded });

ui.connection.addEventListener('submit', event => {
  event.preventDefault();
  if (chat.state === 'offline' || chat.state === 'closed') connectAs(ui.username.value);
});
ui.username.addEventListener('keydown', event => {
  if (event.key === 'Enter' && isComposing(event)) event.preventDefault();
});
ui.username.addEventListener('input', () => showNameProblem(null));
ui.disconnect.addEventListener('click', disconnect);
ui.retry.addEventListener('click', wakeUp);
ui.language.addEventListener('click', switchLanguage);
ui.users.addEventListener('click', event => {
  const button = event.target.closest('button');
  if (button) writeTo(button.dataset.name);
});
ui.messages.addEventListener('click', event => {
  const author = event.target.closest('button.name');
  if (author) writeTo(author.textContent);
});
window.addEventListener('online', wakeUp);
document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  forgetUnread();
  wakeUp();
});

ui.username.value = remembered(() => sessionStorage.getItem('chat.username')) ?? '';
showPeople([]);
applyLanguage();
