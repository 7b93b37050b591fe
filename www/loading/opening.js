/**
 * Asks the engine what is in a file of the visitor's. Each question has one answer, also where the engine
 * is replaced by one with the other module meanwhile: then it is asked again.
 *
 * It needs the module only, no loaded run, and waits for it where it is still fetched.
 *
 * @import { Command, ErrorReport, Message, OpenedFile } from '../protocol/protocol.js'
 * @import { State } from '../state/store.js'
 */
import { reportOf } from '../protocol/errors.js';

/** @typedef {() => Promise<Uint8Array<ArrayBuffer>>} Read Reads a file's bytes; rejects where it cannot be read. */
/** @typedef {{ name: string, read: Read, resolve: (opened: OpenedFile) => void, reject: (error: ErrorReport) => void }} Question */

const GONE = reportOf('engine_failed', 'It could not be opened, because the engine that reads it stopped.', 'Reload the page, then choose the file again.');
const UNREADABLE = reportOf('invalid_data', 'It cannot be read: it may be a folder, or it was moved.', 'Choose the file again.');

/**
 * @param {{ get: () => State }} store
 * @param {(command: Command, transfer?: Transferable[]) => void} send
 */
export function createOpening(store, send) {
  /** @type {Map<string, Question>} */
  const questions = new Map();
  let ids = 0;

  /** @param {string} id @returns {Question | undefined} The question, which is answered now. */
  function close(id) {
    const question = questions.get(id);
    questions.delete(id);
    return question;
  }

  /** @param {string} id */
  async function ask(id) {
    const question = questions.get(id);
    if (!question) return;
    const { alive, phase } = store.get();
    if (!alive && phase === 'error') return close(id)?.reject(GONE); // Nobody would ever answer.
    const bytes = await question.read().catch(() => null);
    if (!bytes) return close(id)?.reject(UNREADABLE);
    send({ type: 'open_file', id, name: question.name, bytes }, [bytes.buffer]);
  }

  /** @param {Message | { type: string }} heard */
  function hear(heard) {
    const message = /** @type {Message} */ (heard);
    if (message.type === 'opened') close(message.id)?.resolve(message.opened);
    if (message.type === 'error' && message.command === 'open_file' && message.id) close(message.id)?.reject(message.error);
    if (heard.type === 'other_module' || heard.type === 'recovering') for (const id of questions.keys()) void ask(id);
    if (message.type === 'failed') for (const id of [...questions.keys()]) close(id)?.reject(GONE);
  }

  return {
    hear,
    /** @param {string} name @param {Read} read @returns {Promise<OpenedFile>} Rejects with a report. */
    open(name, read) {
      const id = String((ids += 1));
      return new Promise((resolve, reject) => {
        questions.set(id, { name, read, resolve, reject });
        void ask(id);
      });
    },
  };
}
