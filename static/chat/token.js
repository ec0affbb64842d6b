// The token that a server may ask for: from the address' fragment or a field, kept for this tab.

import { ui } from './elements.js';
import { setText } from './language.js';
import { remembered } from './state.js';

const KEY = 'chat.token';
// A JSON Web Token in compact form (RFC 7519, section 3); a subprotocol can hold no more.
const FORM = /^[\w-]+\.[\w-]+\.[\w-]+$/;

let token = remembered(() => sessionStorage.getItem(KEY));
let offered = null;   // to renew an open connection; kept once the server took it

export function currentToken() {
  return token;
}

export function keepToken(given) {
  token = given;
  remembered(() => sessionStorage.setItem(KEY, given));
}

export function forgetToken() {
  token = null;
  remembered(() => sessionStorage.removeItem(KEY));
}

export function offerToken(given) {
  offered = given;
  return given;
}

export function keepOfferedToken() {
  if (offered !== null) keepToken(offered);
  offered = null;
}

// Takes `#token=…` out of the address, where it would stay to be read and copied.
export function takeTokenFromAddress() {
  const [, given] = /^#(?:.*&)?token=([^&]*)/.exec(location.hash) ?? [];
  if (given === undefined) return null;
  history.replaceState(null, '', location.pathname + location.search);
  return FORM.test(given) ? given : null;
}

// False where what is in the field cannot be a token.
export function takeTokenFromField() {
  const given = ui.token.value.trim();
  const wrong = given !== '' && !FORM.test(given);
  ui.tokenProblem.hidden = !wrong;
  ui.token.setAttribute('aria-invalid', String(wrong));
  if (wrong) {
    setText(ui.tokenProblem, 'token.malformed');
    ui.token.focus();
  } else if (given !== '') {
    keepToken(given);
    ui.token.value = '';
  }
  return !wrong;
}

// What the token says of itself, for explanations only: it is the server that checks it.
export function tokenClaims(of = token) {
  try {
    const payload = of.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
    const bytes = Uint8Array.from(atob(payload), character => character.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) ?? {};
  } catch {
    return {};
  }
}

export function askForToken(asked) {
  ui.tokenLine.hidden = !asked;
  if (asked) ui.token.focus();
}

ui.token.addEventListener('input', () => {
  ui.tokenProblem.hidden = true;
  ui.token.setAttribute('aria-invalid', 'false');
});
