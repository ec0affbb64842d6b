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
import { handleSocket, sendFrame } from './socket.js';
import { chat, remembered } from './state.js';
import { keepToken, offerToken, takeTokenFromAddress, tokenClaims } from './token.js';

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
window.addEventListener('hashchange', useTokenFromAddress);
document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  forgetMissed();
  wakeUp();
});

// A token says whose it is, and a new one renews a connection that is open.
function useTokenFromAddress() {
  const token = takeTokenFromAddress();
  if (token === null) return;
  if (chat.state === 'online') return sendFrame({ type: 'refresh', token: offerToken(token) });
  keepToken(token);
  if (!ui.username.readOnly) ui.username.value = tokenClaims().sub ?? ui.username.value;
}

ui.username.value = remembered(() => sessionStorage.getItem('chat.username')) ?? '';
useTokenFromAddress();
listPeople();
applyLanguage();
