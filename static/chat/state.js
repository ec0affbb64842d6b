// What the page's modules share: who one is, and how the connection stands.

export const chat = {
  username: '',      // mine, as the server calls me
  state: 'offline',  // offline, connecting, online, waiting (for the next try), closed
  target: null,      // to whom the next message goes; null: to everyone
  unanswered: [],    // {text, target} sent on this socket, neither shown nor refused yet
};

// Storage throws where the browser forbids it; the page works without.
export function remembered(action) {
  try { return action(); } catch { return null; }
}
