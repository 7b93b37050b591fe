// By hand, in src/bindings/by_hand.d.ts: what is no serde type.

/** What `open_file` answers. Both lists are empty for a file that only goes with CIFAR-10's. */
export type OpenedFile<Bytes extends Uint8Array = Uint8Array> = {
    /** The files of records, each with its decompressed records, ready for `add_shard`. */
    files: (RecordFile & { bytes: Bytes })[],
    /** Files of an archive that are no such files. */
    refused: RefusedFile[],
};

/** A run as a file, to be kept. */
export type RunCheckpoint<Bytes extends Uint8Array = Uint8Array> = {
    bytes: Bytes,
    /** Milliseconds that it took to make. */
    save_ms: number,
    /** Whether it ends an epoch that did better on the test images than all before. */
    is_best: boolean,
};

/** What `turn` resolves to. */
export type Turn<Bytes extends Uint8Array = Uint8Array> = {
    /** What happened. */
    events: Event[],
    /** The run as a file, where it is due. */
    checkpoint: RunCheckpoint<Bytes> | null,
    /** Whether the next turn is due. */
    goes_on: boolean,
};

/** What every function rejects with. */
export interface ConvBurnError extends Error { code: string; hint: string }
