// Who came and who left, where the server tells many of them at once.

import { lobby } from './conversations.js';
import { showSystem } from './log.js';
import { addPerson, removePerson, setUnnamed } from './people.js';
import { sendFrame } from './socket.js';
import { chat, isMe } from './state.js';
import { stopTyping } from './typing.js';

// Who left without being named is in the list until the server is asked. Thousands of pages must not
// ask in the same moment.
const LONGEST_WAIT = 10_000;   // milliseconds

export function receivePresence(conversation, data) {
  const { joined, left } = data;
  joined.forEach(name => addPerson(conversation, name));
  left.filter(name => !isMe(name)).forEach(name => {
    removePerson(conversation, name);
    stopTyping(conversation, name);
  });
  setUnnamed(conversation, data.connected_count ?? data.member_count);
  if (data.left_count > left.length) askSoon(conversation);
  showSystem(conversation, textOf(data));
}

function textOf({ joined_count: joined, left_count: left }) {
  if (left === 0) return ['event.presence.joined', { joined }];
  if (joined === 0) return ['event.presence.left', { left }];
  return ['event.presence', { joined, left }];
}

function askSoon(conversation) {
  conversation.asking ??= setTimeout(() => {
    conversation.asking = undefined;
    if (chat.state !== 'online' || !conversation.joined) return;
    sendFrame({ type: 'who', ...(conversation !== lobby && { room: conversation.room }) });
  }, Math.random() * LONGEST_WAIT);
}
