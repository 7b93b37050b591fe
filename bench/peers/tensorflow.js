/**
 * TensorFlow.js as its guide has it: a layers model, compiled, trained by `fit` on tensors in memory
 * (https://www.tensorflow.org/js/guide/train_models). `fit` shuffles unless told not to; it yields to the page
 * by animation frames unless told not to, which would be time of the page and not of the training.
 *
 * @import { Records, Trainer } from './page.js'
 */
import { BATCH, CHANNELS, SIDE, channelsLast } from './records.js';

const FOLDER = '/bench/node_modules/@tensorflow';

/** @param {string} source A script that is no module. */
function loadScript(source) {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = source;
    script.onload = () => resolve(undefined);
    script.onerror = () => reject(new Error(`${source} is missing.`));
    document.head.append(script);
  });
}

/** @param {any} tf */
function network(tf) {
  const { layers } = tf;
  const model = tf.sequential();
  model.add(layers.conv2d({ inputShape: [SIDE, SIDE, CHANNELS], filters: 32, kernelSize: 3, activation: 'relu' }));
  model.add(layers.maxPooling2d({ poolSize: 2 }));
  model.add(layers.conv2d({ filters: 64, kernelSize: 3, activation: 'relu' }));
  model.add(layers.maxPooling2d({ poolSize: 2 }));
  model.add(layers.conv2d({ filters: 64, kernelSize: 3, activation: 'relu' }));
  model.add(layers.flatten());
  model.add(layers.dense({ units: 64, activation: 'relu' }));
  model.add(layers.dense({ units: 10, activation: 'softmax' }));
  model.compile({ optimizer: tf.train.adam(0.001), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  return model;
}

/** @param {string} backend @param {Records} records @returns {Promise<Trainer>} */
export async function open(backend, records) {
  await loadScript(`${FOLDER}/tfjs/dist/tf.min.js`);
  if (backend === 'webgpu') await loadScript(`${FOLDER}/tfjs-backend-webgpu/dist/tf-backend-webgpu.min.js`);
  const { tf } = /** @type {any} */ (globalThis);
  if (!await tf.setBackend(backend) || tf.getBackend() !== backend) throw new Error(`TensorFlow.js has no ${backend} here.`);
  await tf.ready();
  const images = tf.tensor4d(channelsLast(records), [records.count, SIDE, SIDE, CHANNELS]);
  const labels = tf.oneHot(tf.tensor1d(Int32Array.from(records.labels), 'int32'), 10);
  const model = network(tf);
  return {
    versions: `TensorFlow.js ${tf.version.tfjs}`,
    async epoch() {
      const { history } = await model.fit(images, labels, { batchSize: BATCH, epochs: 1, shuffle: false, verbose: 0, yieldEvery: 'never' });
      return { steps: records.count / BATCH, loss: history.loss[0] };
    },
  };
}
