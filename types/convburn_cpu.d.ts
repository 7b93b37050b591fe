// The wasm modules' bindings, which the build puts beside worker.js: `src/bindings.rs` is the
// original. The values are described in www/protocol/protocol.js; what crosses is checked at the border.

/** Fetches and starts the module; the rest may be called after it. */
export default function init(
  input?: { module_or_path: string | URL | Request | Response | BufferSource | WebAssembly.Module },
): Promise<unknown>;

/** Who else computes; `www/engine/pool.js` says it. */
export function use_helpers(cores: number, want: (...args: any[]) => void, ask: (...args: any[]) => Promise<ArrayBuffer>): void;
export function backends(...args: any[]): Promise<any>;
export function load(...args: any[]): Promise<any>;
export function open_file(...args: any[]): Promise<any>;
export function add_shard(...args: any[]): Promise<any>;
export function records(...args: any[]): Promise<any>;
export function check_restored(): Promise<void>;
export function train_epoch(...args: any[]): Promise<any>;
export function advance(...args: any[]): Promise<any>;
/** Null where another module has the backend that is asked for. */
export function start(config: import('../www/protocol/protocol.js').Config): Promise<import('../www/protocol/protocol.js').Loaded | null>;
export function turn(): Promise<import('../www/protocol/protocol.js').Turn>;
export function resume(): Promise<void>;
export function train_until(epochs: number): Promise<import('../www/protocol/protocol.js').Loaded>;
export function weights_for(config: import('../www/protocol/protocol.js').Config): Uint8Array<ArrayBuffer> | null;
export function evaluate(...args: any[]): Promise<any>;
export function predict(...args: any[]): Promise<any>;
export function summary(...args: any[]): any;
export function summary_of(...args: any[]): Promise<any>;
export function pause(...args: any[]): any;
export function stop(...args: any[]): any;
export function reset(...args: any[]): any;
export function save(...args: any[]): Promise<any>;
export function restore(...args: any[]): Promise<any>;
export function needs_other_module(...args: any[]): Promise<boolean>;
export function warm_up(): Promise<void>;
export function config_of(...args: any[]): Promise<any>;
export function extend(...args: any[]): Promise<any>;
