/**
 * The visitor's own data files: looked at, sent to the engine, and remembered in case that they have
 * to be sent again.
 *
 * Files that are no CIFAR-10 are refused before anything else is given up for them. What a file is
 * worth beyond that, and where it belongs, is said by the crate. Which source is in use is loader.js's to decide.
 *
 * @import { Command } from './protocol.js'
 * @import { PageCode } from './errors.js'
 * @import { OpenedFile } from './records.js'
 * @import { Action, State } from './store.js'
 */
import { reportOf, wordsOf } from './errors.js';
import { mayFeed } from './phases.js';
import { countRecords, openFile } from './records.js';

/** As many as a run can train and measure on: files without end would fill the memory. */
const MOST_IMAGES = 120_000;

/**
 * @param {{ get: () => State, dispatch: (action: Action) => void }} store
 * @param {(command: Command, transfer?: Transferable[]) => void} send
 * @param {() => void} begin Makes files the source of the data.
 * @param {number} [most] Images in all files together.
 */
export function createFiles(store, send, begin, most = MOST_IMAGES) {
  const nothing = () => ({
    files: /** @type {{ id: string, file: File, count: number }[]} */ ([]),
  });
  /** The files and the records in each. */
  let own = nothing();
  let seen = 0;

  /** @param {PageCode} code @param {string} message @param {string} hint */
  function complain(code, message, hint) {
    store.dispatch({ type: 'complained', error: reportOf(code, message, hint) });
  }

  /** @returns {boolean} Whether files cannot be taken now, which is said. */
  function refuses() {
    const occupied = !mayFeed(store.get());
    if (occupied) complain('busy', 'The data cannot change while a run is under way.', 'Stop the run, then choose the files again.');
    return occupied;
  }

  /** Takes files, in the order of their names. @param {File[]} files */
  async function take(files) {
    if (refuses()) return;
    /** @type {OpenedFile[]} */
    const opened = [];
    let images = store.get().source === 'files' ? own.files.reduce((sum, { count }) => sum + count, 0) : 0;
    try {
      for (const file of files) {
        const each = await openFile(file);
        images += countRecords(each.records);
        if (images > most) throw new Error(`With “${file.name}” there would be more than ${most.toLocaleString('en')} images, and no run uses as many.`);
        opened.push(each);
      }
    } catch (thrown) {
      complain('invalid_data', wordsOf(thrown), 'Choose data_batch_1.bin to data_batch_5.bin and test_batch.bin of the binary version.');
      return;
    }
    if (refuses()) return; // A run may have started meanwhile.
    opened.sort((a, b) => a.file.name.localeCompare(b.file.name, 'en'));
    if (store.get().source !== 'files') begin();
    for (const each of opened) add(each);
  }

  /** @param {OpenedFile} opened */
  function add({ file, bytes, records }) {
    const id = `${store.get().turn}/${(seen += 1)}`;
    own.files.push({ id, file, count: countRecords(records) });
    store.dispatch({ type: 'file_expected', id, file: file.name });
    store.dispatch({ type: 'shards_expected', count: store.get().shards.expected + 1 });
    store.dispatch({ type: 'shard_fetched' });
    send({ type: 'add_shard', id, split: 'auto', bytes, name: file.name });
  }

  /** What the state has dropped is not brought again. @param {string} id */
  function forget(id) {
    if (store.get().files.some((file) => file.id === id)) return;
    own.files = own.files.filter((file) => file.id !== id);
  }

  return {
    take,
    forget,
    all: () => own.files.map(({ file }) => file),
    clear() {
      own = nothing();
    },
  };
}
