/**
 * Tells when a graphics card that the engine uses ends, or makes a mistake that nobody catches.
 *
 * Burn has no word for either: a lost device answers nothing or panics in a callback, and training on
 * after an uncaptured error may train garbage. So each device is watched from outside, as the browser
 * hands it out. It decides nothing: whoever is told ends the worker.
 */

/** @param {(problem: string) => void} tell Is given the end of a sentence. */
export function watchGpu(tell) {
  /** @type {any} TypeScript's DOM types have no WebGPU. */
  const adapters = /** @type {any} */ (globalThis).GPUAdapter?.prototype;
  if (!adapters) return;
  const { requestDevice } = adapters;
  adapters.requestDevice = async function watched(/** @type {unknown[]} */ ...wanted) {
    const device = await requestDevice.apply(this, wanted);
    device.lost.then((/** @type {{ message: string }} */ { message }) => tell(`the graphics card was lost (${message || 'no reason given'})`));
    device.addEventListener('uncapturederror', (/** @type {any} */ { error }) => tell(`${kindOf(error)} (${error.message})`));
    return device;
  };
}

/** @param {object} error */
const kindOf = (error) => (error.constructor.name === 'GPUOutOfMemoryError' ? 'the graphics card is out of memory' : 'the graphics card refused a command');
