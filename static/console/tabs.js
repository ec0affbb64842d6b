// The two tabs of /docs. The address says which one is shown: #websocket.

import { ui } from './elements.js';

const tabs = [ui.tabHttp, ui.tabWebsocket];
const panels = [ui.panelHttp, ui.panelWebsocket];

export function startTabs() {
  tabs.forEach((tab, index) => {
    tab.addEventListener('click', () => choose(index));
    tab.addEventListener('keydown', ({ key }) => {
      if (key !== 'ArrowLeft' && key !== 'ArrowRight') return;
      choose(1 - index);
      tabs[1 - index].focus();
    });
  });
  window.addEventListener('hashchange', () => show(wanted()));
  show(wanted());
}

function wanted() {
  return location.hash === '#websocket' ? 1 : 0;
}

// Swagger UI keeps places of its own behind the #, so the first tab takes it away.
function choose(index) {
  history.replaceState(null, '', index ? '#websocket' : location.pathname);
  show(index);
}

function show(index) {
  tabs.forEach((tab, each) => {
    tab.setAttribute('aria-selected', String(each === index));
    tab.tabIndex = each === index ? 0 : -1;
    panels[each].hidden = each !== index;
  });
}
