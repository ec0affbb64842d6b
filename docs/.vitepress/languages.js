// What the site itself says, in its two languages.
import { editLink } from './repository.js';
import { chapters, faq, guides, reference } from './sidebar.js';

// The first of the pages that exist, for the entries of the bar above.
const first = pages => pages[0]?.link;

function navigation(folder, text) {
  return [
    { text: text.tutorial, link: first(chapters(folder)), activeMatch: '/\\d\\d[a-z]?_' },
    { text: text.guides, items: guides(folder) },
    { text: text.faq, link: first(faq(folder)) },
    { text: text.reference, items: reference(folder) },
  ].filter(entry => entry.link || entry.items?.length);
}

function sidebar(folder, text) {
  const all = chapters(folder);
  const number = page => Number(/(\d\d)[a-z]?_/.exec(page.link)[1]);
  return [
    { text: text.tutorial, items: all.filter(page => number(page) <= 8) },
    { text: text.further, items: all.filter(page => number(page) > 8) },
    { text: text.guides, items: guides(folder) },
    { text: text.questions, items: faq(folder) },
    { text: text.reference, items: reference(folder) },
  ].filter(group => group.items.length);
}

const englishText = {
  tutorial: 'Tutorial',
  further: 'Going further',
  guides: 'Guides',
  questions: 'Questions',
  faq: 'FAQ',
  reference: 'Reference',
};

export const english = {
  title: 'A chat in three versions',
  description: 'A real-time chat in Flask-SocketIO, FastAPI and C++20 coroutines, side by side',
  locale: {
    label: 'English',
    lang: 'en',
    themeConfig: {
      nav: navigation('', englishText),
      sidebar: sidebar('', englishText),
      outline: { level: [2, 3], label: 'On this page' },
      docFooter: { prev: 'Previous', next: 'Next' },
      lastUpdated: { text: 'Last changed', formatOptions: { dateStyle: 'medium' } },
    },
  },
  search: {},
};

const chineseText = {
  tutorial: '教學',
  further: '更進一步',
  guides: '指南',
  questions: '問答',
  faq: '常見問題',
  reference: '參考資料',
};

export const traditionalChinese = {
  locale: {
    label: '繁體中文',
    lang: 'zh-TW',
    title: '一個聊天室，三種寫法',
    description: '用 Flask-SocketIO、FastAPI 與 C++20 協程並列寫成的即時聊天室',
    themeConfig: {
      nav: navigation('zh-TW', chineseText),
      sidebar: sidebar('zh-TW', chineseText),
      outline: { level: [2, 3], label: '本頁內容' },
      docFooter: { prev: '上一章', next: '下一章' },
      lastUpdated: { text: '最後修改', formatOptions: { dateStyle: 'medium' } },
      editLink: editLink('編輯這一頁'),
      darkModeSwitchLabel: '外觀',
      lightModeSwitchTitle: '切換為淺色',
      darkModeSwitchTitle: '切換為深色',
      sidebarMenuLabel: '目錄',
      returnToTopLabel: '回到頂端',
      langMenuLabel: '切換語言',
      skipToContentLabel: '跳到內容',
      notFound: {
        title: '找不到這一頁',
        quote: '網址可能打錯了，或這一頁已經搬走。',
        linkLabel: '回到首頁',
        linkText: '回到首頁',
      },
    },
  },
  search: {
    translations: {
      button: { buttonText: '搜尋', buttonAriaLabel: '搜尋' },
      modal: {
        displayDetails: '顯示詳細內容',
        resetButtonTitle: '清除',
        backButtonTitle: '關閉搜尋',
        noResultsText: '沒有找到',
        footer: {
          selectText: '選取',
          selectKeyAriaLabel: '輸入鍵',
          navigateText: '移動',
          navigateUpKeyAriaLabel: '上',
          navigateDownKeyAriaLabel: '下',
          closeText: '關閉',
          closeKeyAriaLabel: 'Esc',
        },
      },
    },
  },
};
