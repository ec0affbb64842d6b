// The chat page: starts it, and ties what its reader does to the modules that do it.

import { isComposing, writeTo } from './composer.js';
import {
  connectAs, connectionEnded, disconnect, retryNow, showNameProblem, wakeUp,
} from './connection.js';
import { shown } from './conversations.js';
import { ui } from './elements.js';
import { receive } from './frames.js';
import { applyLanguage, switchLanguage } from './language.js';
import { forgetMissed } from './log.js';
import { listPeople } from './people.js';
import { leaveRoom } from './rooms.js';
import { startSending } from './sending.js';
import { handleSocket } from './socket.js';
import { chat, remembered } from './state.js';
import { useOfferedTokens } from './token_offer.js';

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
ui.retry.addEventListener('click', retryNow);
ui.language.addEventListener('click', switchLanguage);
ui.leave.addEventListener('click', () => leaveRoom(shown));
ui.users.addEventListener('click', event => {
  const button = event.target.closest('button');
  if (button) writeTo(button.dataset.name);
});
ui.panels.addEventListener('click', event => {
  const author = event.target.closest('button.name');
  if (author) writeTo(author.textContent);
});
window.addEventListener('online', wakeUp);
document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  forgetMissed();
  wakeUp();
});

chat.username = remembered(() => sessionStorage.getItem('chat.username')) ?? '';
ui.username.value = chat.username;
useOfferedTokens();
listPeople();
applyLanguage();
startSending();
