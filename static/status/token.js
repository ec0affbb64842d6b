// The token that shows who may look: from the address' fragment or a field, kept for this tab.

const KEY = 'chat.token';   // of the chat page, too

let token = null;
try {
  token = sessionStorage.getItem(KEY);
} catch { /* the browser keeps nothing */ }

// Takes `#token=…` out of the address, where it would stay to be read and copied.
const [, given] = /^#(?:.*&)?token=([^&]*)/.exec(location.hash) ?? [];
if (given !== undefined) {
  history.replaceState(null, '', location.pathname + location.search);
  keepToken(given);
}

export function currentToken() {
  return token;
}

export function keepToken(text) {
  token = text === '' ? null : text;
  try {
    sessionStorage.setItem(KEY, text);
  } catch { /* then it's for this page alone */ }
}
