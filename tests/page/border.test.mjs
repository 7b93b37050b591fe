/**
 * The crate's border in a module that nobody has called before: what comes too early, twice or at the
 * wrong time gets its code, and costs the run nothing. `pkg/` is what `wasm-pack build` made.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DIST } from '../../harness/server.mjs';
import { share } from './visits.mjs';

const root = mkdtempSync(join(tmpdir(), 'convburn-border-'));
before(() => {
  writeFileSync(join(root, 'index.html'), '<!doctype html><title>Border</title>');
  symlinkSync(fileURLToPath(new URL('../../pkg', import.meta.url)), join(root, 'pkg'));
  symlinkSync(join(DIST, 'data'), join(root, 'data'));
});
after(() => rmSync(root, { recursive: true }));
const shared = share({ before, after }, { root });

/** A page that has loaded the package and done nothing with it. @param {import('node:test').TestContext} t */
async function openPackage(t) {
  const { page } = await shared.visit(t, '');
  await page.evaluate(async () => {
    const convburn = await import(new URL('pkg/convburn.js', location.href).href);
    await convburn.default();
    /** @param {() => Promise<unknown>} call */
    const codeOf = async (call) => {
      try {
        return JSON.stringify(await call());
      } catch (thrown) {
        const { code, message, hint } = /** @type {any} */ (thrown);
        return message && hint ? code : `${code} without a sentence and a hint`;
      }
    };
    Object.assign(window, { convburn, codeOf });
  });
  return page;
}

test('whatever comes before load gets not_loaded, and pause and stop do nothing', async (t) => {
  const page = await openPackage(t);
  const codes = await page.evaluate(async () => {
    const { convburn, codeOf } = /** @type {any} */ (window);
    convburn.pause();
    convburn.stop();
    return Promise.all([
      codeOf(() => convburn.predict(new Uint8Array(3_072))),
      codeOf(() => convburn.train_epoch()),
      codeOf(() => convburn.summary()),
      codeOf(() => convburn.add_shard('train', new Uint8Array(3_073))),
      codeOf(() => convburn.load({ backend: 'flex', batch: 0 })),
    ]);
  });
  assert.deepEqual(codes, ['not_loaded', 'not_loaded', 'not_loaded', 'not_loaded', 'invalid_config']);
});

test('backends are listed before load, each that cannot run with its reason', async (t) => {
  const page = await openPackage(t);
  const backends = await page.evaluate(() => /** @type {any} */ (window).convburn.backends());
  assert.deepEqual(backends.map((/** @type {any} */ { backend }) => backend), ['webgpu', 'flex', 'ndarray']);
  const [webgpu, flex] = backends;
  assert.deepEqual(flex, { backend: 'flex', available: true, remark: null, in_other_module: false });
  assert.ok(webgpu.available || /It cannot run here: .+\.$/.test(webgpu.remark), JSON.stringify(webgpu));
});

test('what comes at the wrong time during an epoch gets its code and leaves the epoch alone', async (t) => {
  const page = await openPackage(t);
  const found = await page.evaluate(async () => {
    const { convburn, codeOf } = /** @type {any} */ (window);
    const manifest = await (await fetch('data/cifar10/manifest.json')).json();
    await convburn.load({ backend: 'flex', train: 400, test: 100, epochs: 2, seed: 7 }, manifest);
    /** @param {string} file */
    const bytesOf = async (file) => new Uint8Array(await (await fetch(`data/cifar10/${file}`)).arrayBuffer());
    const shard = await bytesOf('train-00.bin.gz');
    const broken = [
      await codeOf(() => convburn.add_shard('train', shard.slice(0, shard.length / 2))),
      await codeOf(() => convburn.add_shard('train', new Uint8Array(3_072))),
      await codeOf(() => convburn.add_shard('train', new Uint8Array(3_073).fill(10))),
      await codeOf(() => convburn.add_shard('train', new Uint8Array(3_073))),
      await codeOf(() => convburn.train_epoch()),
    ];
    await convburn.add_shard('train', shard);
    await convburn.add_shard('test', await bytesOf('test-00.bin.gz'));
    broken.push(await codeOf(() => convburn.add_shard('train', shard)));

    const epoch = convburn.train_epoch();
    const during = await Promise.all([
      codeOf(() => convburn.train_epoch()),
      codeOf(() => convburn.add_shard('train', shard)),
      codeOf(() => convburn.load({ backend: 'flex' }, manifest)),
      codeOf(() => convburn.predict(new Uint8Array(5))),
      codeOf(() => convburn.predict(new Uint8Array(0))),
      codeOf(() => convburn.predict(undefined)),
    ]);
    const picture = await convburn.predict(new ImageData(48, 48)).catch((/** @type {Error} */ { message }) => message);
    const shares = await convburn.predict(new Uint8Array(3_072));
    const row = await epoch;
    // Settings that cannot be used leave the session before them.
    const after = [
      await codeOf(() => convburn.load({ backend: 'flex', lr: Number.NaN }, manifest)),
      await codeOf(() => convburn.load({ backend: 'flex', lr: -1 }, manifest)),
      await codeOf(() => convburn.load({ backend: 'flex', lr: 1e9 }, manifest)),
      await codeOf(() => convburn.load({ backend: 'flex', epochs: 0 }, manifest)),
      await codeOf(() => convburn.load({ backend: 'flex', seed: 'seven' }, manifest)),
      await codeOf(() => convburn.load({ backend: 'tpu' }, manifest)),
      await codeOf(() => convburn.load({ backend: 'flex', colour: 'red' }, manifest)),
      await codeOf(() => convburn.load({ backend: 'flex' }, { ...manifest, format_version: 9 })),
    ];
    const again = await convburn.evaluate();
    return { broken, during, picture, after, shares: shares.length, val: row.val_loss, again: again.loss };
  });
  assert.deepEqual(found.broken, ['gzip', 'record_length', 'label', 'hash_mismatch', 'data_missing', 'duplicate']);
  assert.deepEqual(found.during, ['busy', 'busy', 'busy', 'pixel_length', 'pixel_length', 'invalid_argument']);
  assert.match(found.picture, /and an ImageData of 48 × 48 came/);
  const [nan, negative, huge, epochs, seed, backend, colour, manifest] = found.after;
  assert.deepEqual([nan, negative, huge, epochs, colour], Array(5).fill('invalid_config'));
  assert.deepEqual([seed, backend, manifest], ['invalid_argument', 'invalid_argument', 'invalid_manifest']);
  assert.equal(found.shares, 10);
  assert.equal(found.again, found.val, 'the trained network is still there');
});
