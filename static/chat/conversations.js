// The lobby and the user's rooms: a tab and a panel each, of which one is shown.

import { element, ui } from './elements.js';
import { setText, translate, whenLanguageChanges } from './language.js';
import { keepOneTabStop, moveWithArrows } from './roving.js';
import { makeStreams } from './streams.js';

const rooms = new Map();   // name → conversation
const followers = [];      // run when another conversation is shown
let made = 0;

export const lobby = makeConversation(null, ui.messages);
export let shown = lobby;

function makeConversation(room, log) {
  const number = made++;
  const tab = document.getElementById(`tab-${number}`) ?? makeTab(number);
  const conversation = {
    room,              // null: the lobby
    tab,
    log,
    outbox: log.nextElementSibling,
    panel: log.parentElement,
    joined: true,
    people: new Set(),
    unnamed: 0,        // there, too, but the server did not say who
    typing: new Map(), // name → timer that forgets it
    draft: '',         // what is being written there
    revises: null,     // what failed and is being edited again there
    target: null,      // to whom alone; null: to everyone. Private messages are in the lobby
    unread: 0,         // while another one was shown
    unseen: 0,         // below what the reader sees
    atEnd: true,       // the reader follows what comes
    seen: {},          // the log's size and place when the page last looked
    scrollTop: 0,
    arriving: document.createDocumentFragment(),   // shown in the next frame, or once they are read
    arrived: 0,        // since the last frame
    skipped: 0,        // that were too many to be kept until then
    followArrivals: false,
    streams: makeStreams(room),
    lookingBack: false,   // older messages were asked for
    returnTimer: undefined,
  };
  tab.addEventListener('click', () => show(conversation));
  return conversation;
}

function makeTab(number) {
  const tab = element('button', 'tab');
  tab.type = 'button';
  tab.id = `tab-${number}`;
  tab.setAttribute('role', 'tab');
  tab.setAttribute('aria-controls', `panel-${number}`);
  tab.append(element('span', 'tab-name'), element('span', 'unread'));
  tab.firstElementChild.dir = 'auto';
  ui.tabs.append(tab);
  return tab;
}

function makeLog(number) {
  const panel = element('div', 'panel');
  panel.id = `panel-${number}`;
  panel.hidden = true;
  panel.setAttribute('role', 'tabpanel');
  panel.setAttribute('aria-labelledby', `tab-${number}`);
  const log = lobby.log.cloneNode(false);
  log.removeAttribute('id');
  const outbox = lobby.outbox.cloneNode(false);
  outbox.removeAttribute('id');
  panel.append(log, outbox);
  ui.panels.append(panel);
  return log;
}

export function conversationIn(room) {
  return (room ?? null) === null ? lobby : rooms.get(room);
}

export function openConversation(room) {
  const known = rooms.get(room);
  if (known) return known;
  const conversation = makeConversation(room, makeLog(made));
  rooms.set(room, conversation);
  conversation.tab.firstElementChild.textContent = room;
  labelTab(conversation);
  conversation.tab.setAttribute('aria-selected', 'false');
  conversation.tab.tabIndex = -1;
  return conversation;
}

// The server spells a room's name as the first member did.
export function renameConversation(conversation, room) {
  rooms.delete(conversation.room);
  rooms.set(room, conversation);
  conversation.room = room;
  conversation.tab.firstElementChild.textContent = room;
  labelTab(conversation);
}

export function closeConversation(conversation) {
  rooms.delete(conversation.room);
  if (conversation === shown) show(lobby);
  conversation.typing.forEach(clearTimeout);
  conversation.tab.remove();
  conversation.panel.remove();
}

export function openRooms() {
  return [...rooms.values()];
}

export function conversations() {
  return [lobby, ...rooms.values()];
}

export function show(conversation) {
  if (conversation === shown) return;
  const before = shown;
  before.scrollTop = before.log.scrollTop;
  shown = conversation;
  for (const other of [before, conversation]) {
    other.panel.hidden = other !== shown;
    other.tab.setAttribute('aria-selected', String(other === shown));
  }
  conversation.unread = 0;
  ui.announcer.textContent = '';    // else the same words would not be heard a second time
  labelTab(conversation);
  keepOneTabStop(ui.tabs, conversation.tab);
  ui.leave.hidden = conversation === lobby;
  labelLeave();
  bringTabIntoView();
  followers.forEach(follow => follow(conversation, before));
}

function bringTabIntoView() {
  shown.tab.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}

// `follow` gets the conversation that is shown now, and the one before.
export function whenShown(follow) {
  followers.push(follow);
}

// A screen reader hears of the first message in another tab; the rest is in the tab's name.
export function countUnread(conversation) {
  if (conversation === shown) return;
  conversation.unread += 1;
  labelTab(conversation);
  if (conversation.unread === 1) {
    bringTabIntoView();    // which the number may have pushed aside
    ui.announcer.textContent = translate('tab.announce', { name: nameOf(conversation) });
  }
}

function nameOf(conversation) {
  return conversation.room ?? translate('lobby');
}

function labelTab(conversation) {
  const [name, badge] = conversation.tab.children;
  const { unread } = conversation;
  if (conversation === lobby) setText(name, 'lobby');
  badge.textContent = unread > 99 ? '99+' : unread || '';
  const label = unread ? 'tab.unread' : 'tab';
  conversation.tab.setAttribute(
    'aria-label', translate(label, { name: nameOf(conversation), count: unread }));
}

function labelLeave() {
  ui.leave.setAttribute('aria-label', translate('room.leave.label', { name: nameOf(shown) }));
}

moveWithArrows(ui.tabs, tab => tab.click());
whenLanguageChanges(() => {
  conversations().forEach(labelTab);
  labelLeave();
});
