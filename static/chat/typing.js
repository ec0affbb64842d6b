// "Alice is typing…": said at most once in 3 s while one writes, and shown for 5 s.

import { conversationIn, shown, whenShown } from './conversations.js';
import { ui } from './elements.js';
import { clearText, setText } from './language.js';
import { sendFrame } from './socket.js';
import { chat } from './state.js';

const SAY_EVERY = 3_000;   // milliseconds
const SHOW_FOR = 5_000;

let saidAt = -Infinity;

// Whoever writes to one alone does not tell everybody.
function sayTyping() {
  const now = performance.now();
  if (chat.state !== 'online' || !chat.hasRooms || now - saidAt < SAY_EVERY) return;
  if (ui.text.value.trim() === '' || shown.target !== null || !shown.joined) return;
  saidAt = now;
  sendFrame(shown.room === null ? { type: 'typing' } : { type: 'typing', room: shown.room });
}

export function receiveTyping({ username, room }) {
  const conversation = conversationIn(room);
  if (!conversation || typeof username !== 'string' || username === chat.username) return;
  clearTimeout(conversation.typing.get(username));
  conversation.typing.set(username, setTimeout(() => stopTyping(conversation, username), SHOW_FOR));
  showTyping();
}

// After 5 s, and when what was written has come or its writer is gone.
export function stopTyping(conversation, username) {
  clearTimeout(conversation.typing.get(username));
  if (conversation.typing.delete(username)) showTyping();
}

function showTyping() {
  const [name, other, ...more] = shown.typing.keys();
  if (name === undefined) clearText(ui.typing);
  else if (other === undefined) setText(ui.typing, 'typing.one', { name });
  else if (more.length === 0) setText(ui.typing, 'typing.two', { name, other });
  else setText(ui.typing, 'typing.many');
}

ui.text.addEventListener('input', sayTyping);
whenShown(showTyping);
