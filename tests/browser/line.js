// A line between a page and the real server: it can be cut, and it loses what a test wants lost.

import { isState, watchSockets } from './helpers.js';

export async function lineTo(page) {
  const line = {
    isUp: true,
    fromPage: [],                 // frames that the page sent, those that were lost, too
    losesFromPage: () => false,
    losesFromServer: () => false,
    ends: new Set(),
  };
  await page.routeWebSocket(/\/ws\/chat\//, socket => {
    if (!line.isUp) return socket.close({ code: 1013 });
    const server = socket.connectToServer();
    line.ends.add(socket);
    line.url = socket.url();
    socket.onMessage(text => {
      const frame = JSON.parse(text);
      line.fromPage.push(frame);
      if (!line.losesFromPage(frame)) server.send(text);
    });
    server.onMessage(text => {
      if (!line.losesFromServer(JSON.parse(text))) socket.send(text);
    });
    line.say = frame => socket.send(JSON.stringify(frame));
  });
  // From here on the page is away, until `restore`.
  line.cut = async () => {
    line.isUp = false;
    for (const socket of line.ends) await socket.close({ code: 1012 });
    line.ends.clear();
    await isState(page, 'waiting');
  };
  line.restore = async () => {
    line.isUp = true;
    line.losesFromPage = line.losesFromServer = () => false;
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    await isState(page, 'online');
  };
  line.messages = () => line.fromPage.filter(({ type }) => type === 'message');
  await page.addInitScript(watchSockets); // anew: the line replaces WebSocket
  await page.reload();
  return line;
}
