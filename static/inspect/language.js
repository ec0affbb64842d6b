// The page's language, which is that of the chat page.

import { ui } from './elements.js';
import { LANGUAGES, REASONS, TEXTS } from './texts.js';

const KEY = 'chat.language';

// A browser may forbid the page to store anything.
function remembered(action) {
  try {
    return action();
  } catch {
    return null;
  }
}

export let language = remembered(() => localStorage.getItem(KEY))
  ?? (/^zh\b/i.test(navigator.language) ? 'zh-TW' : 'en');
if (!LANGUAGES.includes(language)) language = 'en';

export function translate(key, values = {}) {
  const text = TEXTS[key][LANGUAGES.indexOf(language)];
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''));
}

// What a coroutine waits for, in the server's words where there are no others.
export function reason(text) {
  if (language === 'en') return text;
  return Object.hasOwn(REASONS, text) ? REASONS[text] : text;
}

export function applyLanguage() {
  document.documentElement.lang = language;
  document.title = translate('title');
  for (const each of document.querySelectorAll('[data-t]')) each.textContent = translate(each.dataset.t);
  for (const each of document.querySelectorAll('[data-t-placeholder]')) {
    each.placeholder = translate(each.dataset.tPlaceholder);
  }
  for (const each of document.querySelectorAll('[data-t-label]')) {
    each.setAttribute('aria-label', translate(each.dataset.tLabel));
  }
  ui.language.textContent = translate('language');
  ui.language.lang = language === 'en' ? 'zh-TW' : 'en';
}

export function switchLanguage() {
  language = language === 'en' ? 'zh-TW' : 'en';
  remembered(() => localStorage.setItem(KEY, language));
  applyLanguage();
}
