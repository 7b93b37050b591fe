/** The npm lock files: every package has a checksum, and none a place of its own to be fetched from. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

for (const path of ['package-lock.json', 'bench/package-lock.json']) {
  test(`${path} names a checksum of every package, and no registry`, () => {
    const { lockfileVersion, packages } = JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'));
    assert.equal(lockfileVersion, 3);
    const all = Object.entries(packages).filter(([name]) => name !== '');
    assert.ok(all.length > 2);
    for (const [name, { integrity, resolved, hasInstallScript }] of all) {
      assert.match(integrity, /^sha512-[\w+/]{86}==$/, name);
      assert.equal(resolved, undefined, name);
      if (path === 'package-lock.json') assert.equal(hasInstallScript, undefined, `${name} would run code when it is installed`);
    }
  });
}
