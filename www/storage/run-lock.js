/**
 * Which tab of this page keeps its run: one at a time, from its first checkpoint on until it is left.
 *
 * It decides nothing: what is kept is checkpoints.js's.
 */
import { nameOf } from './names.js';

const LOCK = nameOf('run');

/**
 * @param {LockManager | undefined} locks None over plain http: then every tab may write.
 * @param {() => void} freed Is called when another tab, which had it, has let it go.
 */
export function createRunLock(locks, freed) {
  /** Lets it go. @type {(() => void) | null} */
  let release = null;
  /** @type {AbortController | null} */
  let awaited = null;

  /** Waits until the other tab has let it go. */
  function awaitRelease() {
    if (!locks || awaited) return;
    awaited = new AbortController();
    const { signal } = awaited;
    locks.request(LOCK, { signal }, () => undefined).then(() => {
      awaited = null;
      freed();
    }, () => {
      awaited = null;
    });
  }

  return {
    /** Whether this tab may write; where another may, `freed` is called once it has let go. @returns {Promise<boolean>} */
    take() {
      if (release || !locks) return Promise.resolve(true);
      return new Promise((resolve) => {
        const held = (/** @type {Lock | null} */ lock) => {
          resolve(lock !== null);
          if (!lock) awaitRelease();
          return lock ? new Promise((free) => { release = () => free(undefined); }) : undefined;
        };
        locks.request(LOCK, { ifAvailable: true }, held).catch(() => resolve(true));
      });
    },
    /** Whether another tab has it; likewise. @returns {Promise<boolean>} */
    async isElsewhere() {
      if (release || !locks) return false;
      const { held } = await locks.query();
      const isHeld = held?.some(({ name }) => name === LOCK) ?? false;
      if (isHeld) awaitRelease();
      return isHeld;
    },
    release() {
      awaited?.abort();
      release?.();
      release = null;
    },
  };
}
