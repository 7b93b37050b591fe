/** The page links to what it is built from, with the licences' texts. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { share } from './visits.mjs';

const shared = share({ before, after });

test('the footer leads to the licences of what the page is built from', async (t) => {
  const { page } = await shared.visit(t, '');
  const link = page.getByTestId('licences');
  assert.match(await link.textContent() ?? '', /What this page is\s+built from, and its licences/);
  await link.click();
  await page.waitForURL(/\/licences\.txt$/);
  const text = await page.locator('body').innerText();
  for (const name of ['burn', 'burn-wgpu', 'wasm-bindgen', 'uplot']) assert.match(text, new RegExp(`^${name} \\d+\\.\\d+\\S* · .*(MIT|Apache)`, 'm'), name);
  for (const part of ['Apache License', 'Permission is hereby granted', 'Mozilla Public License']) assert.ok(text.includes(part), part);
});
