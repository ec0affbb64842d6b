// The form of an endpoint's address, and the one WebSocket of the page.

import { endpoints } from './document.js';
import { element, ui } from './elements.js';
import { setText } from './language.js';

const AT_HAND = ['room', 'token'];   // query parameters that aren't below "More parameters"

let all = [];
let socket = null;
let handlers;   // opened(address), frame(data), closed(code, reason), endpoint()
const inputs = new Map();   // parameter → its input; what was typed stays when the endpoint changes

export function startConnection(given) {
  handlers = given;
  all = endpoints();
  if (all.length === 0) {
    setText(ui.status, 'status.none');
    ui.connect.disabled = true;
    return;
  }
  ui.endpoint.replaceChildren(...all.map(({ id, address, title }) => {
    const option = element('option', '', `${address} – ${title}`);
    option.value = id;
    return option;
  }));
  ui.endpoint.addEventListener('change', showEndpoint);
  ui.connection.addEventListener('submit', event => {
    event.preventDefault();
    connect();
  });
  ui.connection.addEventListener('input', showAddress);
  ui.disconnect.addEventListener('click', () => socket?.close(1000));
  setText(ui.status, 'status.offline');
  showEndpoint();
}

export function chosenEndpoint() {
  return all.find(({ id }) => id === ui.endpoint.value);
}

export function isOpen() {
  return socket?.readyState === WebSocket.OPEN;
}

export function send(data) {
  if (isOpen()) socket.send(data);
}

// What a path parameter of the connection is, for the name in a saved conversation.
export function valueOf(parameter) {
  return inputs.get(parameter)?.value.trim() ?? '';
}

function showEndpoint() {
  const { pathParameters, queryParameters } = chosenEndpoint();
  const query = Object.keys(queryParameters);
  const more = query.filter(name => !AT_HAND.includes(name));
  const atHand = [...pathParameters, ...query.filter(name => AT_HAND.includes(name))];
  ui.addressFields.replaceChildren(...atHand.map(name => field(name, queryParameters[name])));
  ui.moreAddressFields.replaceChildren(...more.map(name => field(name, queryParameters[name])));
  ui.moreAddress.hidden = more.length === 0;
  showAddress();
  handlers.endpoint();
}

function field(name, schema) {
  const label = element('label', 'field');
  label.append(element('span', '', name));
  if (!inputs.has(name)) {
    const input = element('input');
    input.name = name;
    input.type = name === 'token' ? 'password' : 'text';
    input.spellcheck = false;
    input.autocapitalize = 'off';
    inputs.set(name, input);
  }
  label.append(inputs.get(name));
  if (schema?.description) label.append(element('small', 'note', schema.description));
  return label;
}

// The path and the query, with what was filled in.
function address() {
  const { address: template, queryParameters } = chosenEndpoint();
  const path = template.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(valueOf(name)));
  const query = Object.keys(queryParameters).filter(name => valueOf(name) !== '')
    .map(name => `${encodeURIComponent(name)}=${encodeURIComponent(valueOf(name))}`);
  return query.length ? `${path}?${query.join('&')}` : path;
}

function showAddress() {
  const token = valueOf('token');
  const shown = token ? address().replace(encodeURIComponent(token), '…') : address();
  ui.url.textContent = `${base()}${shown}`;
}

function base() {
  return `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}`;
}

function connect() {
  const missing = chosenEndpoint().pathParameters.find(name => valueOf(name) === '');
  if (missing) {
    setText(ui.status, 'status.missing', { name: missing });
    inputs.get(missing).focus();
    return;
  }
  const where = address();
  const opened = new WebSocket(base() + where);
  opened.binaryType = 'arraybuffer';
  socket = opened;
  let isConnected = false;
  setState('connecting');
  opened.addEventListener('open', () => {
    isConnected = true;
    setState('open');
    handlers.opened(where, chosenEndpoint());
  });
  opened.addEventListener('message', event => handlers.frame(event.data));
  opened.addEventListener('close', ({ code, reason }) => {
    socket = null;
    setState(isConnected ? 'closed' : 'failed', { code, reason });
    handlers.closed(isConnected, code, reason);
  });
}

function setState(state, values) {
  const idle = state === 'closed' || state === 'failed';
  document.body.dataset.state = state;
  setText(ui.status, `status.${state}`, values);
  ui.connect.hidden = !idle;
  ui.disconnect.hidden = idle;
  ui.endpoint.disabled = !idle;
  for (const input of inputs.values()) input.readOnly = !idle;
}
