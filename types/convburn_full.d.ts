// The full module exports what the small one does.

export * from './convburn_cpu.js';
export { default } from './convburn_cpu.js';
