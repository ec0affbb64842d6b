// What a tab remembers when it's reloaded: the user, their rooms, and how far they had read each.

import { lobby, openConversation, openRooms } from './conversations.js';
import { parsePosition } from './position.js';
import { chat, fold, isMe, remembered } from './state.js';
import { throttled } from './throttle.js';

const KEY = 'chat.positions';

const past = remembered(() => JSON.parse(sessionStorage.getItem(KEY)));
let isRestored = false;

function written({ position }) {
  return position.epoch === null ? null : String(position);
}

function remember() {
  if (!chat.keepsLog) return;
  const [main, inbox] = lobby.streams.map(written);
  const rooms = openRooms().map(({ room, streams }) => [room, written(streams[0])]);
  const text = JSON.stringify({ user: chat.username, main, inbox, rooms });
  remembered(() => sessionStorage.setItem(KEY, text));
}

export const rememberPositions = throttled(remember);

// The inbox as this tab knew it, for its first connection: the server gives it to no one else.
export function rememberedInbox(user) {
  const isTheirs = !isRestored && past && fold(past.user) === fold(user);
  return isTheirs && parsePosition(past.inbox) ? past.inbox : null;
}

// On the first connection: opens the rooms in which this tab was.
export function restoreRooms() {
  if (isRestored) return;
  isRestored = true;
  if (!chat.keepsLog || !past || !isMe(past.user)) return;
  lobby.streams[0].readTo = parsePosition(past.main);
  for (const [room, position] of Array.isArray(past.rooms) ? past.rooms : []) {
    const conversation = openConversation(String(room));
    conversation.joined = false;
    conversation.streams[0].readTo = parsePosition(position);
  }
}

window.addEventListener('pagehide', remember);
