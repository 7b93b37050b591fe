/**
 * ConvNetJS as its CIFAR-10 demo has it: one image at a time, adadelta (the version on npm has no Adam), and gradients
 * gathered over a batch (https://cs.stanford.edu/people/karpathy/convnetjs/demo/cifar10.html).
 *
 * @import { Records, Trainer } from './page.js'
 */
import { BATCH, CHANNELS, SIDE, channelsLast } from './records.js';

/** The library is a script whose last line looks for `window` or for a CommonJS `module`. @returns {Promise<any>} */
async function loadLibrary() {
  await new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = '/bench/node_modules/convnetjs/build/convnet-min.js';
    script.onload = () => resolve(undefined);
    script.onerror = () => reject(new Error('ConvNetJS is missing.'));
    document.head.append(script);
  });
  return /** @type {any} */ (globalThis).convnetjs;
}

/** @param {string} _backend @param {Records} records @returns {Promise<Trainer>} */
export async function open(_backend, records) {
  const convnetjs = await loadLibrary();
  const net = new convnetjs.Net();
  net.makeLayers([
    { type: 'input', out_sx: SIDE, out_sy: SIDE, out_depth: CHANNELS },
    { type: 'conv', sx: 3, filters: 32, stride: 1, pad: 0, activation: 'relu' },
    { type: 'pool', sx: 2, stride: 2 },
    { type: 'conv', sx: 3, filters: 64, stride: 1, pad: 0, activation: 'relu' },
    { type: 'pool', sx: 2, stride: 2 },
    { type: 'conv', sx: 3, filters: 64, stride: 1, pad: 0, activation: 'relu' },
    { type: 'fc', num_neurons: 64, activation: 'relu' },
    { type: 'softmax', num_classes: 10 },
  ]);
  const trainer = new convnetjs.Trainer(net, { method: 'adadelta', batch_size: BATCH, l2_decay: 0 });
  const pixels = channelsLast(records);
  const size = SIDE * SIDE * CHANNELS;
  const images = Array.from(records.labels, (_, i) => {
    const volume = new convnetjs.Vol(SIDE, SIDE, CHANNELS, 0);
    for (let j = 0; j < size; j += 1) volume.w[j] = pixels[i * size + j] - 0.5;
    return volume;
  });
  return {
    versions: 'ConvNetJS 0.3.0',
    async epoch() {
      let loss = 0;
      images.forEach((image, i) => { loss += trainer.train(image, records.labels[i]).cost_loss; });
      return { steps: images.length / BATCH, loss: loss / images.length };
    },
  };
}
