// The page's language, which is that of the chat page.

import { LANGUAGES, TEXTS } from './texts.js';

const KEY = 'chat.language';

function remembered(action) {
  try {
    return action();
  } catch {
    return null;   // the browser keeps nothing
  }
}

export let language = remembered(() => localStorage.getItem(KEY))
  ?? (/^zh\b/i.test(globalThis.navigator?.language ?? '') ? 'zh-TW' : 'en');
if (!LANGUAGES.includes(language)) language = 'en';

export function translate(key, values = {}) {
  const text = TEXTS[key][LANGUAGES.indexOf(language)];
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''));
}

export function applyLanguage(button) {
  document.documentElement.lang = language;
  document.title = translate('title');
  for (const element of document.querySelectorAll('[data-t]')) {
    element.textContent = translate(element.dataset.t);
  }
  button.textContent = translate('language');
  button.lang = language === 'en' ? 'zh-TW' : 'en';
}

export function switchLanguage(button) {
  language = language === 'en' ? 'zh-TW' : 'en';
  remembered(() => localStorage.setItem(KEY, language));
  applyLanguage(button);
}
