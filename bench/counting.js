/**
 * Counts what a trainer asks of WebGPU and how long it waits for it, by wrapping the calls; and finds its wasm memories
 * and the bytes of its GPU buffers that were neither destroyed nor collected.
 * It runs before the trainer, in a page or in a worker, and leaves the counts in `gpuCounts` of that scope.
 *
 * Waiting is the time in which a read from the GPU (`mapAsync`, `onSubmittedWorkDone`) is pending. What the host does
 * meanwhile counts as waiting.
 */
(() => {
  const counts = { dispatches: 0, submissions: 0, bytes_written: 0, wait_ms: 0, wasm_bytes: 0 };
  /** @type {Set<WebAssembly.Memory>} */
  const memories = new Set();
  let gpuBytes = 0;
  /** @type {Map<object, number>} Bytes of the buffers that are there, by a token that outlives the buffer. */
  const buffers = new Map();
  const collected = new FinalizationRegistry((/** @type {object} */ token) => free(token));
  /** @type {WeakMap<object, object>} */
  const tokens = new WeakMap();
  let pending = 0;
  let pendingSinceMs = 0;

  /** @template {object} T @param {T | undefined} prototype @param {string} name @param {(args: any[], self: any) => void} before */
  function watch(prototype, name, before) {
    const method = /** @type {any} */ (prototype)?.[name];
    if (!method) return;
    /** @type {any} */ (prototype)[name] = function watched(/** @type {any[]} */ ...args) {
      before(args, this);
      return method.apply(this, args);
    };
  }

  /** @param {any} prototype @param {string} name */
  function watchWait(prototype, name) {
    const method = prototype?.[name];
    if (!method) return;
    prototype[name] = function watched(/** @type {any[]} */ ...args) {
      if (pending === 0) pendingSinceMs = performance.now();
      pending += 1;
      const settled = () => {
        pending -= 1;
        if (pending === 0) counts.wait_ms += performance.now() - pendingSinceMs;
      };
      const promise = method.apply(this, args);
      promise.then(settled, settled);
      return promise;
    };
  }

  /** @param {object} token */
  function free(token) {
    gpuBytes -= buffers.get(token) ?? 0;
    buffers.delete(token);
  }

  /** @param {any} prototype Of the GPU's device. */
  function watchBuffers(prototype) {
    const create = prototype?.createBuffer;
    if (!create) return;
    prototype.createBuffer = function watched(/** @type {any} */ descriptor) {
      const buffer = create.call(this, descriptor);
      const token = {};
      gpuBytes += descriptor.size;
      buffers.set(token, descriptor.size);
      tokens.set(buffer, token);
      collected.register(buffer, token);
      return buffer;
    };
  }

  /** @param {any} data @param {number} offset @param {number | undefined} size In elements of a typed array, else in bytes. */
  function bytesOf(data, offset = 0, size = undefined) {
    const unit = data.BYTES_PER_ELEMENT ?? 1;
    return size === undefined ? data.byteLength - offset * unit : size * unit;
  }

  const scope = /** @type {any} */ (globalThis);
  watch(scope.GPUComputePassEncoder?.prototype, 'dispatchWorkgroups', () => void (counts.dispatches += 1));
  watch(scope.GPUComputePassEncoder?.prototype, 'dispatchWorkgroupsIndirect', () => void (counts.dispatches += 1));
  watch(scope.GPUQueue?.prototype, 'submit', () => void (counts.submissions += 1));
  watch(scope.GPUQueue?.prototype, 'writeBuffer', ([, , data, offset, size]) => void (counts.bytes_written += bytesOf(data, offset, size)));
  watch(scope.GPUDevice?.prototype, 'createBuffer', ([descriptor]) => {
    if (descriptor.mappedAtCreation) counts.bytes_written += descriptor.size;
  });
  watchBuffers(scope.GPUDevice?.prototype);
  watch(scope.GPUBuffer?.prototype, 'destroy', (_, buffer) => free(tokens.get(buffer) ?? {}));
  watchWait(scope.GPUBuffer?.prototype, 'mapAsync');
  watchWait(scope.GPUQueue?.prototype, 'onSubmittedWorkDone');

  /** @param {any} result What a way to instantiate came to. */
  function remember(result) {
    const exports = (result?.instance ?? result)?.exports ?? {};
    for (const value of Object.values(exports)) if (value instanceof WebAssembly.Memory) memories.add(value);
    return result;
  }
  for (const name of ['instantiate', 'instantiateStreaming']) {
    const method = /** @type {any} */ (WebAssembly)[name];
    /** @type {any} */ (WebAssembly)[name] = async (/** @type {any[]} */ ...args) => remember(await method.apply(WebAssembly, args));
  }
  WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
    construct(target, args) {
      const memory = new target(.../** @type {[any]} */ (args));
      memories.add(memory);
      return memory;
    },
  });

  scope.gpuCounts = () => ({
    ...counts,
    wait_ms: counts.wait_ms + (pending > 0 ? performance.now() - pendingSinceMs : 0),
    gpu_bytes: gpuBytes,
    wasm_bytes: [...memories].reduce((sum, memory) => sum + memory.buffer.byteLength, 0),
  });
})();
