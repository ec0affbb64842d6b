// What the clone knows of its pages: where they are hosted, and when they changed.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

// A copy without git has no history.
export const hasHistory = () => existsSync(`${ROOT}.git`);

// The link to a page's source on the code host; none where the clone has no `origin` on one.
export function editLink(text) {
  const pattern = editPattern(originUrl());
  return pattern && { pattern, text };
}

// `https://host/owner/name.git` and `git@host:owner/name.git` lead to the same pages.
export function editPattern(origin) {
  const found = /^(?:https:\/\/(?:[^@/]*@)?|(?:ssh:\/\/)?git@)([\w.-]+)[:/]([\w.-]+\/[\w.-]+?)(?:\.git)?\/?$/.exec(origin);
  return found ? `https://${found[1]}/${found[2]}/edit/main/docs/:path` : undefined;
}

function originUrl() {
  try {
    const options = { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
    return execFileSync('git', ['remote', 'get-url', 'origin'], options).trim();
  } catch {
    return ''; // no git, or no such remote
  }
}
