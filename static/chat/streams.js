// The logs that a conversation shows: a room's own; in the lobby also the reader's inbox.

import { Position } from './position.js';

export function makeStreams(room) {
  return room === null ? [makeStream(false), makeStream(true)] : [makeStream(false)];
}

function makeStream(inbox) {
  return {
    inbox,
    position: new Position(),
    told: null,         // {epoch, seq} of the log when the connection began
    returning: false,   // what was said meanwhile is on its way
    meanwhile: [],      // and waits here until all of it has come
    older: [],          // was fetched, and not shown yet
    oldest: null,       // {epoch, seq} of the first message that the server still has
    readTo: null,       // {epoch, seq} up to where a reloaded page had read
    asks: new Map(),    // "since", or before which seq → what the answer is for
  };
}

export function isReturning(conversation) {
  return conversation.streams.some(({ returning }) => returning);
}

// [{time, …}] of messages as they came: no message is older than the one before it, whatever the
// clocks of their senders say.
export function timed(stream, messages) {
  let latest = 0;
  return messages.map(message => {
    latest = Math.max(latest, Date.parse(message.timestamp) || latest);
    return { stream, message, time: latest };
  });
}
