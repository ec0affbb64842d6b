// The two tabs of /docs. The address says which one is shown: ?tab=websocket. Not behind a #: Swagger
// UI keeps places of its own there.

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
  show(new URLSearchParams(location.search).get('tab') === 'websocket' ? 1 : 0);
}

function choose(index) {
  history.replaceState(null, '', index ? '?tab=websocket' : location.pathname);
  show(index);
}

function show(index) {
  tabs.forEach((tab, each) => {
    tab.setAttribute('aria-selected', String(each === index));
    tab.tabIndex = each === index ? 0 : -1;
    panels[each].hidden = each !== index;
  });
}
