// The page's language: fills texts in, and changes what is already shown.

import { LANGUAGES, TEXTS } from './texts.js';
import { ui } from './elements.js';
import { remembered } from './state.js';

const textValues = new WeakMap();   // element → what its text is filled in with
const followers = [];               // run after every change

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
  fillIn(element);
  return element;
}

// A name that is written from right to left must not reorder the words beside it.
function fillIn(element) {
  const { dataset: { t: key } } = element;
  const values = textValues.get(element) ?? {};
  const pieces = TEXTS[key][LANGUAGES.indexOf(language)].split(/\{(\w+)\}/);
  element.replaceChildren(...pieces.map((piece, index) => {
    const value = index % 2 ? values[piece] ?? '' : piece;
    return index % 2 && typeof value !== 'number' ? isolated(value) : String(value);
  }));
}

function isolated(value) {
  const isolate = document.createElement('bdi');
  isolate.textContent = withoutControls(value);
  return isolate;
}

// The same for an attribute, which holds no elements: by Unicode's isolates.
export function isolatedText(value) {
  return `\u2068${withoutControls(value)}\u2069`;
}

// An isolate ends early, <bdi> too, at a character in it that ends isolates.
function withoutControls(value) {
  return String(value).replace(/[\u202a-\u202e\u2066-\u2069]/g, '');
}

export function clearText(element) {
  delete element.dataset.t;
  element.textContent = '';
}

export function applyLanguage() {
  document.documentElement.lang = language;
  followers.forEach(follow => follow());
  for (const element of document.querySelectorAll('[data-t]')) {
    fillIn(element);
  }
  for (const element of document.querySelectorAll('[data-t-placeholder]')) {
    element.placeholder = translate(element.dataset.tPlaceholder);
  }
  for (const element of document.querySelectorAll('[data-t-label]')) {
    element.setAttribute('aria-label', translate(element.dataset.tLabel));
  }
  ui.language.textContent = translate('language');
  ui.language.lang = language === 'en' ? 'zh-TW' : 'en';
  ui.language.setAttribute('aria-label', translate('language.label'));
}

// For what a key alone does not say; runs before the texts that have one are filled in.
export function whenLanguageChanges(follow) {
  followers.push(follow);
}

export function switchLanguage() {
  language = language === 'en' ? 'zh-TW' : 'en';
  remembered(() => localStorage.setItem('chat.language', language));
  applyLanguage();
}
