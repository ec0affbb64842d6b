// A stand-in for a server that keeps a log, for what the real one cannot be made to do in time.

import { standIn, welcome } from './stand_in.js';

const PAGE = 50;

// A log of that many messages, a minute apart, the last at `end`. `make` says what one is.
export function makeLog(epoch, count, { end = Date.now(), make = said } = {}) {
  const messages = Array.from({ length: count }, (_, index) => ({
    ...make(`line ${index + 1}`),
    timestamp: new Date(end - (count - 1 - index) * 60_000).toISOString(),
    seq: index + 1,
  }));
  return { epoch, messages };
}

export function said(message, username = 'Bob') {
  return { type: 'message', username, message };
}

export function whispered(message, from = 'Bob') {
  return { type: 'private', from, message };
}

export function append(log, message) {
  const frame = { timestamp: new Date().toISOString(), ...message, seq: log.messages.length + 1 };
  log.messages.push(frame);
  return frame;
}

function head({ epoch, messages }) {
  return { epoch, seq: messages.at(-1)?.seq ?? 0 };
}

// What comes behind a position, as the server would say it right behind a welcome.
export function missed(log, since) {
  const [epoch, seq] = since.split(':');
  if (epoch !== log.epoch) {
    const messages = log.messages.slice(-PAGE);
    return { type: 'history', ...head(log), messages, recovered: false, reason: 'epoch' };
  }
  const messages = log.messages.filter(message => message.seq > Number(seq));
  return { type: 'history', ...head(log), messages, recovered: true };
}

function older(log, { before, limit = PAGE }) {
  const all = log.messages.filter(({ seq }) => before === undefined || seq < before);
  const messages = all.slice(-limit);
  const more = all.length > messages.length;
  return { type: 'history', ...head(log), messages, ...(before && { before }), ...(more && { more }) };
}

// `logs` are the lobby's and the inbox'. `refuse` gives an error instead of taking a message, and a
// message of which `silent` holds gets no answer.
export async function logStandIn(page, logs, { refuse = () => undefined, silent = () => false } = {}) {
  const { lobby, inbox = { epoch: 'in', messages: [] } } = logs;
  const ids = new Map();
  const take = (frame, send) => {
    const { id, message } = frame;
    const known = ids.get(id);
    const stored = known ?? append(lobby, { ...said(message, 'Alice'), id });
    ids.set(id, stored);
    if (!known) send(stored);
    send({ type: 'ack', id, seq: stored.seq, epoch: lobby.epoch, ...(known && { duplicate: true }) });
  };
  const server = await standIn(page, {
    open: (send, socket) => {
      const query = new URL(socket.url()).searchParams;
      send({ ...welcome(), ...head(lobby), inbox: head(inbox) });
      if (query.get('since')) send(missed(lobby, query.get('since')));
      if (query.get('inbox')) send({ ...missed(inbox, query.get('inbox')), inbox: true });
    },
    answer: (frame, send) => {
      if (frame.type === 'history') {
        const log = frame.inbox ? inbox : lobby;
        const answer = frame.since ? missed(log, frame.since) : older(log, frame);
        send({ ...answer, ...(frame.inbox && { inbox: true }) });
      }
      if (frame.type !== 'message' || silent(frame)) return;
      const error = refuse(frame);
      if (error) send({ type: 'error', message: 'for people', id: frame.id, ...error });
      else take(frame, send);
    },
  });
  return server;
}
