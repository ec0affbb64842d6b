// /docs: its two tabs, and the console of the second.

import { check, offerMessages, sendAgain, startComposer } from './composer.js';
import { chosenEndpoint, startConnection, valueOf } from './connection.js';
import { conversationOf } from './conversation.js';
import { loadDocument } from './document.js';
import { ui } from './elements.js';
import { applyLanguage, setText, switchLanguage } from './language.js';
import { showReference } from './reference.js';
import { startTabs } from './tabs.js';
import { add, keptEntries, startTimeline } from './timeline.js';

function save() {
  const { entries, dropped } = keptEntries();
  const file = new Blob([conversationOf(entries, dropped)], { type: 'text/plain' });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = 'console.chat';
  link.click();
  URL.revokeObjectURL(link.href);
}

const connection = {
  endpoint() {
    offerMessages();
    showReference(chosenEndpoint());
  },
  opened(address, { pathParameters }) {
    add('opened', address, { username: pathParameters.length ? valueOf(pathParameters[0]) : '' });
    check();
  },
  frame: data => add('received', data),
  closed(wasOpen, code, reason) {
    if (wasOpen) add('closed', `${code} ${reason}`.trim(), { code, reason });
    check();
  },
};

startTabs();
startTimeline(sendAgain);
startComposer(sent => add('sent', sent));
ui.language.addEventListener('click', switchLanguage);
ui.save.addEventListener('click', save);
try {
  const { title } = await loadDocument();
  document.title = ui.docsTitle.textContent = title;
  startConnection(connection);
} catch (error) {
  setText(ui.status, 'unreachable', { why: error.message });
}
applyLanguage();
