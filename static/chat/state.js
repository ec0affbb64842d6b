// What the page's modules share: who one is, and how the connection stands.

export const chat = {
  username: '',      // mine, as the server calls me
  state: 'offline',  // offline, connecting, online, waiting (for the next try), closed
  tokenExpired: false,   // the server said so on this connection
  hasRooms: null,    // whether this server knows rooms, "who" and "typing"; null: not known yet
};

// Storage throws where the browser forbids it; the page works without.
export function remembered(action) {
  try { return action(); } catch { return null; }
}
