/** In ConvBurn's worker: every message says what counting.js has counted until then, and when it was posted. */
(() => {
  const post = self.postMessage.bind(self);
  self.postMessage = (/** @type {any} */ message, /** @type {any} */ options) => (
    post({ ...message, gpuCounts: gpuCounts(), postedMs: performance.now() }, options));
})();
