// A stand-in for the server, for what the real one cannot be made to send in time.

import { DEADLINE, watchSockets } from './helpers.js';

export function welcome(username = 'Alice', connected_users = [username]) {
  return {
    type: 'system',
    event: 'welcome',
    message: 'hi',
    username,
    connected_count: connected_users.length,
    connected_users,
    heartbeat_interval: 10,
  };
}

// Takes the server's place for a page. `answer(frame, send, socket)` is what it does with a frame
// of the page; `open(send, socket, count)` what it does with a new connection.
export async function standIn(page, { open, answer = () => {}, rooms = [] } = {}) {
  const server = { connections: 0, received: [], protocols: [], rooms, send: undefined };
  // The next frame of that type.
  server.next = type =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no ${type} came`)), DEADLINE);
      server.awaited = frame => {
        if (frame.type !== type) return;
        clearTimeout(timer);
        resolve(frame);
      };
    });
  await page.route('**/rooms', route => route.fulfill({ json: { rooms: server.rooms } }));
  await page.routeWebSocket(/\/ws\/chat\//, socket => {
    const send = frame => socket.send(JSON.stringify(frame));
    server.connections += 1;
    server.protocols.push(socket.protocols());
    server.send = send;
    server.close = end => socket.close(end);
    socket.onMessage(text => {
      const frame = JSON.parse(text);
      server.received.push(frame);
      server.awaited?.(frame);
      answer(frame, send, socket);
    });
    if (open) open(send, socket, server.connections);
    else send(welcome());
  });
  await page.addInitScript(watchSockets); // anew: the stand-in replaces WebSocket
  await page.reload();
  return server;
}

// The rooms of a server with one visitor, who is let into every room.
export function roomsOf(members = {}, username = 'Alice') {
  return (frame, send) => {
    if (frame.type === 'join') {
      const others = members[frame.room] ?? [];
      const everyone = [...others, username];
      send({
        type: 'joined',
        room: frame.room,
        members: everyone,
        member_count: everyone.length,
      });
    }
    if (frame.type === 'leave') send({ type: 'left', room: frame.room });
    if (frame.type === 'message' && !frame.target_user) {
      const { message, room } = frame;
      send({ type: 'message', username, message, ...(room && { room }) });
    }
  };
}
