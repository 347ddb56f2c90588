// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Debian's Chromium, headless, without network, under playwright-core.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export class Skip extends Error {}

function findChromium() {
  const candidates = process.env.CHROMIUM
    ? [process.env.CHROMIUM]
    : ['chromium', 'chromium-browser', 'google-chrome'].flatMap((name) =>
        (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name)));
  for (const path of candidates) {
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // The next one.
    }
  }
  throw new Skip('chromium is not installed');
}

const flags = [
  '--no-sandbox', // the sandbox refuses to run as root
  '--mute-audio',
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--autoplay-policy=no-user-gesture-required',
  // A page that nobody looks at must play as if somebody did.
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
];

export async function launch() {
  const executablePath = findChromium();
  let playwright;
  try {
    playwright = await import('playwright-core');
  } catch {
    throw new Skip('playwright-core is not installed: run tests/support/judge/setup.sh');
  }
  return playwright.chromium.launch({ executablePath, headless: true, args: flags });
}
