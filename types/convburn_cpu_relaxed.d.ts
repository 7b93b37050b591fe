// The small module with relaxed SIMD exports what the other does.

export * from './convburn_cpu.js';
export { default } from './convburn_cpu.js';
