// The names of headings in links, as code hosts make them: so one link fits the site and the code host.
// scripts/check_docs.py has the same rule.
export function slugify(text) {
  return text
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
}
