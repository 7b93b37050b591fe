/**
 * Draws the page's icons and the card that links to it show, from the favicon and the words below:
 * `node docs/make-icons.mjs` writes `www/icons/`. Run it after a change of the favicon.
 *
 * CONVBURN_CHROMIUM names the browser. No picture of CIFAR-10 is on the card: the data is not ours.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const icon = readFileSync(at('../www/favicon.svg'), 'utf8');
/** Phones round the corners themselves, and cut off up to a tenth of each side. */
const square = icon.replace(' rx="7"', '');

/** A loss that falls in three epochs, as the live curve shows it. */
function curve() {
  const points = [];
  for (let i = 0; i <= 90; i += 1) {
    const t = i / 90;
    const wobble = 7 * Math.sin(i * 1.9) + 5 * Math.sin(i * 0.7);
    points.push(`${(t * 1040).toFixed(1)},${(20 + 170 * (1 - Math.exp(-3.2 * t)) + wobble * (1 - t / 2)).toFixed(1)}`);
  }
  return points.join(' ');
}

const rules = [0, 1, 2, 3].map((i) => `<path d="M0 ${i * 70}h1040" stroke="#e2dbd0" stroke-width="2"/>`).join('');

const card = `<style>
  body { margin: 0; width: 1200px; height: 630px; box-sizing: border-box; padding: 64px 80px 0; background: #faf8f4; color: #1f1b16; font-family: system-ui, sans-serif; }
  .brand { display: flex; align-items: center; gap: 20px; font-size: 34px; font-weight: 700; color: #b3430a; }
  .brand svg { width: 64px; height: 64px; }
  h1 { margin: 40px 0 0; font-size: 54px; line-height: 1.1; white-space: nowrap; letter-spacing: -.02em; }
  p { margin: 20px 0 64px; font-size: 29px; color: #665e54; }
</style>
<div class="brand">${icon}ConvBurn</div>
<h1>Train a neural network in this tab</h1>
<p>From nothing, on your own machine. Nothing to install.</p>
<svg width="1040" height="230" viewBox="0 0 1040 230" overflow="visible">${rules}
  <polyline points="${curve()}" fill="none" stroke="#0072b2" stroke-width="7" stroke-linejoin="round" stroke-linecap="round"/></svg>`;

/** @param {import('playwright-core').Browser} browser */
async function draw(browser, name, html, width, height = width, transparent = false) {
  const page = await browser.newPage({ viewport: { width, height } });
  await page.setContent(html);
  writeFileSync(at(`../www/icons/${name}`), await page.screenshot({ omitBackground: transparent }));
  await page.close();
}

const filling = (svg) => `<style>body { margin: 0 } svg { display: block; width: 100vw; height: 100vh }</style>${svg}`;

mkdirSync(at('../www/icons'), { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.CONVBURN_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
await draw(browser, 'icon-192.png', filling(icon), 192, 192, true);
await draw(browser, 'icon-512.png', filling(icon), 512, 512, true);
await draw(browser, 'icon-maskable-512.png', filling(square), 512);
await draw(browser, 'apple-touch-icon.png', filling(square), 180);
await draw(browser, 'card.png', card, 1200, 630);
await browser.close();
