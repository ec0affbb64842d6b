// A link may bring a token, and anybody may write a link: the reader is asked before it is used.

import { ui } from './elements.js';
import { setText } from './language.js';
import { sendFrame } from './socket.js';
import { chat } from './state.js';
import {
  currentToken, keepToken, offerToken, takeTokenFromAddress, tokenClaims,
} from './token.js';

let offered = null;

function whose(token) {
  return String(tokenClaims(token).sub ?? '?');
}

function askAboutToken() {
  const given = takeTokenFromAddress();
  if (given === null || given === currentToken()) return;
  offered = given;
  setText(ui.tokenQuestion, ...question());
  ui.tokenOffer.hidden = false;
}

// Whose the token is, and whom it replaces.
function question() {
  const name = whose(offered);
  const before = currentToken() === null ? null : whose(currentToken());
  if (before === name) return ['token.offered.renewal', { name }];
  if (before !== null) return ['token.offered.instead', { name, before }];
  if (chat.state !== 'online' || chat.username === name) return ['token.offered', { name }];
  return ['token.offered.online', { name, before: chat.username }];
}

// It renews a connection that is open, if it is that user's.
function useToken() {
  const token = offered;
  answered();
  if (token === null) return;
  if (chat.state === 'online') return sendFrame({ type: 'refresh', token: offerToken(token) });
  keepToken(token);
  if (!ui.username.readOnly) ui.username.value = tokenClaims(token).sub ?? ui.username.value;
}

function answered() {
  offered = null;
  ui.tokenOffer.hidden = true;
  (ui.text.disabled ? ui.connect : ui.text).focus();
}

export function useOfferedTokens() {
  window.addEventListener('hashchange', askAboutToken);
  ui.useToken.addEventListener('click', useToken);
  ui.ignoreToken.addEventListener('click', answered);
  askAboutToken();
}
