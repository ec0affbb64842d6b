// The page's language: fills texts in, and changes what is already shown.

import { LANGUAGES, TEXTS } from './texts.js';
import { ui } from './elements.js';

const textValues = new WeakMap();   // element → what its text is filled in with
const followers = [];               // run after every change

// A browser may forbid the page to store anything.
function remembered(ask) {
  try {
    return ask();
  } catch {
    return null;
  }
}

export let language = remembered(() => localStorage.getItem('chat.language'))
  ?? (/^zh\b/i.test(navigator.language) ? 'zh-TW' : 'en');
if (!LANGUAGES.includes(language)) language = 'en';

export function translate(key, values = {}) {
  const text = TEXTS[key][LANGUAGES.indexOf(language)];
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''));
}

export function setText(element, key, values) {
  element.dataset.t = key;
  textValues.set(element, values);
  element.textContent = translate(key, values);
  return element;
}

export function clearText(element) {
  delete element.dataset.t;
  element.textContent = '';
}

// For what a key alone does not say.
export function whenLanguageChanges(follow) {
  followers.push(follow);
}

export function applyLanguage() {
  document.documentElement.lang = language;
  for (const each of document.querySelectorAll('[data-t]')) {
    each.textContent = translate(each.dataset.t, textValues.get(each));
  }
  for (const each of document.querySelectorAll('[data-t-placeholder]')) {
    each.placeholder = translate(each.dataset.tPlaceholder);
  }
  for (const each of document.querySelectorAll('[data-t-label]')) {
    each.setAttribute('aria-label', translate(each.dataset.tLabel));
  }
  ui.language.textContent = translate('language');
  ui.language.lang = language === 'en' ? 'zh-TW' : 'en';
  ui.language.setAttribute('aria-label', translate('language.label'));
  followers.forEach(follow => follow());
}

export function switchLanguage() {
  language = language === 'en' ? 'zh-TW' : 'en';
  remembered(() => localStorage.setItem('chat.language', language));
  applyLanguage();
}
