/**
 * jax-js as its MNIST demo has it (website/src/routes/mnist), with two differences in its favour: the whole step is one
 * `jit`, and losses are read at the end of the epoch. Its optimisers (@jax-js/optax) are not on npm, so Adam is written
 * out, as Keras computes it.
 *
 * @import { Records, Trainer } from './page.js'
 */
import { blockUntilReady, defaultDevice, init, jit, lax, nn, numpy as np, random, tree, valueAndGrad } from '/bench/node_modules/@jax-js/jax/dist/index.js';
import { BATCH, CHANNELS, SIDE, channelsFirst } from './records.js';

const LR = 0.001;
const [BETA_1, BETA_2, EPSILON] = [0.9, 0.999, 1e-7];

/** Name, shape, and how many numbers go in and out: Glorot's limit follows from them. @type {[string, number[], number, number][]} */
const KERNELS = [
  ['w1', [32, 3, 3, 3], 27, 288], ['w2', [64, 32, 3, 3], 288, 576], ['w3', [64, 64, 3, 3], 576, 576],
  ['w4', [1024, 64], 1024, 64], ['w5', [64, 10], 64, 10],
];
/** @type {[string, number[]][]} */
const BIASES = [['b1', [32, 1, 1]], ['b2', [64, 1, 1]], ['b3', [64, 1, 1]], ['b4', [64]], ['b5', [10]]];

function initialParams() {
  const keys = random.split(random.key(1), KERNELS.length);
  /** @type {Record<string, any>} */
  const params = {};
  [...keys].forEach((key, i) => {
    const [name, shape, into, out] = KERNELS[i];
    const limit = Math.sqrt(6 / (into + out));
    params[name] = random.uniform(key, shape, { minval: -limit, maxval: limit });
  });
  for (const [name, shape] of BIASES) params[name] = np.zeros(shape);
  return params;
}

/** @param {any} x */
const pool = (x) => lax.reduceWindow(x, np.max, [2, 2], [2, 2]);
/** @param {any} x @param {any} w @param {any} b */
const conv = (x, w, b) => nn.relu(lax.convGeneralDilated(x, w, [1, 1], 'VALID').add(b));

/** @param {any} p @param {any} x */
function logProbabilities(p, x) {
  let y = pool(conv(x, p.w1, p.b1)); // [n, 32, 15, 15]
  y = pool(conv(y, p.w2, p.b2)); // [n, 64, 6, 6]
  y = conv(y, p.w3, p.b3).reshape([-1, 1024]); // [n, 1024]
  y = nn.relu(np.dot(y, p.w4).add(p.b4)); // [n, 64]
  return nn.logSoftmax(np.dot(y, p.w5).add(p.b5)); // [n, 10]
}

/** @param {any} params @param {any} x @param {any} y */
const lossOf = (params, x, y) => logProbabilities(params, x).mul(y).sum().mul(-1 / BATCH);

/** `rate` is Adam's learning rate with both corrections in it. @type {any} */
const step = jit((/** @type {any[]} */ ...all) => {
  const [params, means, squares, rate, x, y] = all;
  const [loss, gradients] = valueAndGrad(lossOf)(tree.ref(params), x, y);
  const nextMeans = tree.map((/** @type {any} */ m, /** @type {any} */ g) => m.mul(BETA_1).add(g.mul(1 - BETA_1)), means, tree.ref(gradients));
  const nextSquares = tree.map((/** @type {any} */ v, /** @type {any} */ g) => v.mul(BETA_2).add(g.ref.mul(g).mul(1 - BETA_2)), squares, gradients);
  const nextParams = tree.map(
    (/** @type {any} */ p, /** @type {any} */ m, /** @type {any} */ v) => p.sub(rate.ref.mul(m).div(np.sqrt(v).add(EPSILON))),
    params, tree.ref(nextMeans), tree.ref(nextSquares),
  );
  rate.dispose();
  return [nextParams, nextMeans, nextSquares, loss];
});

/** @param {string} backend @param {Records} records @returns {Promise<Trainer>} */
export async function open(backend, records) {
  const devices = await init(/** @type {any} */ (backend));
  if (!devices.includes(/** @type {any} */ (backend))) throw new Error(`jax-js has no ${backend} here.`);
  defaultDevice(/** @type {any} */ (backend));
  const images = np.array(channelsFirst(records)).reshape([records.count, CHANNELS, SIDE, SIDE]);
  const labels = nn.oneHot(np.array(Int32Array.from(records.labels)), 10);
  let params = initialParams();
  let means = tree.map((/** @type {any} */ p) => np.zeros(p.shape), params);
  let squares = tree.map((/** @type {any} */ p) => np.zeros(p.shape), params);
  let done = 0;
  const steps = records.count / BATCH;

  function oneStep(/** @type {number} */ i) {
    done += 1;
    const rate = np.array([LR * Math.sqrt(1 - BETA_2 ** done) / (1 - BETA_1 ** done)]);
    const rows = [i * BATCH, (i + 1) * BATCH];
    /** @type {any} */
    let loss;
    [params, means, squares, loss] = step(params, means, squares, rate, images.ref.slice(rows), labels.ref.slice(rows));
    return loss;
  }

  return {
    versions: 'jax-js 0.1.25',
    async epoch() {
      const losses = [];
      for (let i = 0; i < steps; i += 1) {
        losses.push(oneStep(i));
        await blockUntilReady(tree.ref(params));
      }
      let sum = 0;
      for (const loss of losses) sum += (await loss.data())[0];
      return { steps, loss: sum / steps };
    },
  };
}
