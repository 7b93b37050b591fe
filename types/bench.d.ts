// What the comparison's pages find at run time and `tsc` cannot: the other trainers, which are installed only for
// `cargo xtask bench`, and what counting.js leaves in the global scope.

declare module '*/jax/dist/index.js' {
  export const blockUntilReady: any, defaultDevice: any, init: any, jit: any, lax: any, nn: any, numpy: any, random: any,
    tree: any, valueAndGrad: any;
}

declare function gpuCounts(): {
  dispatches: number, submissions: number, bytes_written: number, wait_ms: number, wasm_bytes: number, gpu_bytes: number,
};
