// What the page's modules share: the user, and the state of the connection.

export const chat = {
  username: '',      // mine, as the server calls me
  state: 'offline',  // offline, connecting, online, waiting (for the next try), closed
  tokenExpired: false,   // the server said so on this connection
  keepsLog: false,   // whether this server numbers, acknowledges and keeps messages
  hasRooms: null,    // whether this server knows rooms, "who" and "typing"; null: not known yet
};

// As the server compares names, or nearly.
export function fold(name) {
  return String(name).normalize('NFKC').toLowerCase();
}

// To a server without a log, Alice and alice are two.
export function isMe(name) {
  return name === chat.username || (chat.keepsLog && fold(name) === fold(chat.username));
}

// Storage throws where the browser forbids it; the page works without.
export function remembered(action) {
  try { return action(); } catch { return null; }
}
