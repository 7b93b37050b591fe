/**
 * The visitor's own data files: opened by the engine, kept, and sent to it as the source of the data.
 *
 * What a file is, which records are in it and which split it belongs to is said by the crate, before
 * anything else is given up for it. Each change (a file more, one less, another split) sends all of
 * them anew, in the order of their names, so that the same files are the same data in whatever order they came.
 *
 * @import { Command, OpenedFile, RecordFile, Split } from '../protocol/protocol.js'
 * @import { FileProblem } from '../state/complaints.js'
 * @import { Read } from './opening.js'
 * @import { Action, AddedFile, State } from '../state/store.js'
 */
import { complaintOf } from '../state/complaints.js';
import { nameOf } from './drops.js';
import { reportOf } from '../protocol/errors.js';
import { mayFeed } from '../state/phases.js';

/** As many as a run can train and measure on: files without end would fill the memory. */
const MOST_IMAGES = 120_000;
/** No file of CIFAR-10's is longer, packed or not; a longer one is not read. */
const MOST_BYTES = 2 ** 28;

/**
 * A file of records. A blob may lie on the disk, as nothing needs its bytes but another engine.
 * @typedef {Omit<RecordFile, 'bytes'> & { key: number, blob: Blob }} OwnFile
 */

/**
 * @param {{ get: () => State, dispatch: (action: Action) => void }} store
 * @param {(command: Command, transfer?: Transferable[]) => void} send
 * @param {object} loader
 * @param {(drop?: number) => void} loader.begin Makes the files the source of the data.
 * @param {() => Promise<void>} loader.useServer
 * @param {(name: string, read: Read) => Promise<OpenedFile>} open Rejects with a report.
 * @param {number} [most] Images in all files together.
 */
export function createFiles(store, send, { begin, useServer }, open, most = MOST_IMAGES) {
  /** @type {OwnFile[]} */
  let own = [];
  let keys = 0;

  /** @returns {boolean} Whether files cannot be taken now, which is said. */
  function refuses() {
    const isOccupied = !mayFeed(store.get());
    if (isOccupied) store.dispatch({ type: 'complained', error: reportOf('busy', 'The data cannot change while a run is under way.', 'Stop the run, then choose the files again.') });
    return isOccupied;
  }

  /** @param {File} file @returns {Promise<OpenedFile>} */
  async function openOne(file) {
    if (file.size > MOST_BYTES) {
      throw reportOf('invalid_data', 'It is larger than all of CIFAR-10.', 'Choose the files of the binary version.');
    }
    return open(nameOf(file), async () => new Uint8Array(await file.arrayBuffer()));
  }

  /**
   * Opens files one after the other: each may take as much memory as all of CIFAR-10.
   * @param {File[]} files
   */
  async function openAll(files) {
    /** @type {OwnFile[]} */
    const found = [];
    /** @type {FileProblem[]} */
    const problems = [];
    for (const file of files) {
      store.dispatch({ type: 'file_opening', file: nameOf(file) });
      try {
        const opened = await openOne(file);
        found.push(...opened.files.map(({ bytes, ...each }) => ({ ...each, key: (keys += 1), blob: new Blob([bytes]) })));
        problems.push(...opened.refused.map(({ name, error }) => ({ file: name, error })));
      } catch (thrown) {
        problems.push({ file: nameOf(file), error: /** @type {import('../protocol/protocol.js').ErrorReport} */ (thrown) });
      }
    }
    store.dispatch({ type: 'file_opening', file: null });
    return { found, problems };
  }

  /** Those that are new and fit; why the others are not taken is noted. @param {OwnFile[]} found @param {FileProblem[]} problems */
  function admit(found, problems) {
    const all = store.get().source === 'files' ? [...own] : [];
    let images = all.reduce((sum, { records }) => sum + records, 0);
    for (const file of found) {
      const twin = all.find(({ sha256 }) => sha256 === file.sha256);
      if (twin) {
        problems.push({ file: file.name, error: reportOf('invalid_data', `These records are already loaded (${twin.name}).`, 'Nothing to do; they are used once.') });
      } else if (images + file.records > most) {
        problems.push({ file: file.name, error: reportOf('invalid_data', `With it there would be more than ${most.toLocaleString('en')} images.`, 'No run uses as many: remove others first.') });
      } else {
        images += file.records;
        all.push(file);
      }
    }
    return all.sort((a, b) => a.name.localeCompare(b.name, 'en'));
  }

  /**
   * Takes files. A bad one keeps no other out, and is named.
   * @param {File[]} files @param {number} [drop] What was dropped or chosen at once; complaints of one stand together.
   */
  async function take(files, drop) {
    if (refuses()) return;
    const { found, problems } = await openAll(files);
    if (found.length > 0 && refuses()) return; // A run may have started meanwhile.
    const before = store.get().source === 'files' ? own.length : 0;
    const all = admit(found, problems);
    const isMore = all.length > before;
    if (isMore) own = all;
    const bringing = isMore ? bringAgain(drop) : null;
    if (found.length === 0 && problems.length === 0) {
      problems.push(...files.map((file) => ({ file: nameOf(file), error: reportOf('invalid_data', 'It goes with CIFAR-10 and holds no images.', 'Use the .bin files beside it.') })));
    }
    if (problems.length > 0) store.dispatch({ type: 'complained', error: complaintOf(problems), drop });
    await bringing;
  }

  /** Sends all files anew; where none is left, the server's images come back. @param {number} [drop] */
  async function bringAgain(drop) {
    if (own.length === 0) return useServer();
    begin(drop);
    await bring(own);
  }

  /** @param {OwnFile[]} all */
  async function bring(all) {
    const { turn } = store.get();
    for (const file of all) {
      const bytes = new Uint8Array(await file.blob.arrayBuffer());
      if (store.get().turn !== turn) return; // Something else was chosen meanwhile.
      store.dispatch({ type: 'shard_fetched' });
      send({ type: 'add_shard', id: idOf(file, turn), split: file.split, bytes, name: file.name }, [bytes.buffer]);
    }
  }

  /** @param {OwnFile} file @param {number} turn */
  const idOf = ({ key }, turn) => `${turn}/${key}`;

  /** @param {number} key */
  async function remove(key) {
    if (refuses()) return;
    own = own.filter((file) => file.key !== key);
    await bringAgain();
  }

  return {
    take,
    bringAgain,
    remove,
    /** @param {number} key @param {Split} split */
    async setSplit(key, split) {
      if (refuses()) return;
      own = own.map((file) => (file.key === key ? { ...file, split } : file));
      await bringAgain();
    },
    /** What the state has dropped is not brought again. @param {string} id */
    forget(id) {
      const { files, turn } = store.get();
      if (!files.some((file) => file.id === id)) own = own.filter((file) => idOf(file, turn) !== id);
    },
    /** As the state lists them under a turn of the data. @param {number} turn @returns {AddedFile[]} */
    listed: (turn) => own.map((file) => ({
      id: idOf(file, turn), key: file.key, file: file.name, split: file.split, records: file.records, known: file.known ?? null, isAdded: false,
    })),
    clear() {
      own = [];
    },
  };
}
