// The site's look: VitePress's own, with the system's fonts, wider pages and two components.
import DefaultTheme from 'vitepress/theme-without-fonts';
import { words } from '../search/words.js';
import Mermaid from './Mermaid.vue';
import Stacks from './Stacks.vue';
import './style.css';

export default {
  extends: DefaultTheme,
  enhanceApp({ app, siteData }) {
    app.component('Mermaid', Mermaid);
    app.component('Stacks', Stacks);
    siteData.value = withChineseSearch(siteData.value);
  },
};

// A function among VitePress's settings would reach the browser as text that is compiled there, which a
// Content-Security-Policy rightly forbids; so it is put in here.
function withChineseSearch(data) {
  const { search } = data.themeConfig;
  const options = { searchOptions: { tokenize: words, combineWith: 'AND' } };
  const miniSearch = { ...search.options.miniSearch, ...options };
  const themeConfig = { ...data.themeConfig, search: { ...search, options: { ...search.options, miniSearch } } };
  return { ...data, themeConfig };
}
