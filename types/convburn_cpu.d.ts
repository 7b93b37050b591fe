// The wasm modules' bindings, which the build puts beside worker.js. Made by `cargo xtask generate` from what
// `src/bindings.rs` and its folder export.

import type * as T from '../src/bindings/types.js';

/** Fetches and starts the module; the rest may be called after it. */
export default function init(
  input?: { module_or_path: string | URL | Request | Response | BufferSource | WebAssembly.Module },
): Promise<unknown>;
export function add_shard(split: T.Split | "auto", bytes: Uint8Array, name?: string | null): Promise<T.ShardAdded>;
export function advance(budget_ms: number): Promise<T.Event[]>;
export function augmented(config: Partial<T.Config>, first: number, count: number, epoch: number): Promise<Uint8Array<ArrayBuffer>>;
export function backends(): Promise<T.BackendStatus[]>;
export function check_restored(): Promise<void>;
export function config_of(bytes: Uint8Array): Promise<T.Config | null>;
export function evaluate(set?: T.Split | null, flips?: boolean | null): Promise<T.Evaluation>;
export function extend(epochs: number): Promise<T.Loaded>;
export function helper_directions(job: ArrayBuffer): Promise<ArrayBuffer>;
export function helper_gradients(job: ArrayBuffer): Promise<ArrayBuffer>;
export function helper_logits(job: ArrayBuffer): Promise<ArrayBuffer>;
export function learning_rates(config: Partial<T.Config>, points: number): T.LearningRates;
export function load(config?: Partial<T.Config> | null, manifest?: T.Manifest | null): Promise<T.Loaded>;
export function needs_other_module(config: Partial<T.Config>): Promise<boolean>;
export function no_other_module(problem: string): void;
export function open_file(name: string, bytes: Uint8Array): Promise<T.OpenedFile<Uint8Array<ArrayBuffer>>>;
export function pause(): void;
export function predict(pixels: Uint8Array, images?: number | null): Promise<Float32Array>;
export function records(set: T.Split, first: number, count: number): Promise<Uint8Array<ArrayBuffer>>;
export function reset(): Promise<T.Loaded>;
export function restore(bytes: Uint8Array, changes?: Partial<T.Changes> | null): Promise<T.Restored>;
export function resume(): Promise<void>;
export function save(): Promise<Uint8Array<ArrayBuffer>>;
export function save_weights(): Promise<Uint8Array<ArrayBuffer>>;
export function start(config: Partial<T.Config>): Promise<T.Loaded | null>;
export function stop(): void;
export function summary(): Promise<T.Summary>;
export function summary_of(config: Partial<T.Config>): Promise<T.Summary>;
export function train_epoch(on_progress?: ((progress: T.Progress) => void) | null): Promise<T.EpochOutcome>;
export function train_until(epochs: number): Promise<T.Loaded>;
export function turn(): Promise<T.Turn<Uint8Array<ArrayBuffer>>>;
export function use_helpers(cores: number, want: (helpers: number, module: WebAssembly.Module) => void, ask: (helper: number, task: "gradients" | "logits" | "directions", job: ArrayBuffer, records: number) => Promise<ArrayBuffer>): void;
export function warm_up(): Promise<void>;
export function weights_for(config: Partial<T.Config>): Uint8Array<ArrayBuffer> | null;
