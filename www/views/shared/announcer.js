/**
 * What a screen reader is told, and how often: while figures come, at most once in five seconds, or nothing else could be
 * heard. What the reader did, or has to know now, is told at once, together with what has waited.
 */

/** Milliseconds between two pieces of news that can wait. */
export const NEWS_EVERY_MS = 5_000;

/**
 * @param {(text: string) => void} say
 * @param {{ now: () => number, later: (call: () => void, ms: number) => unknown }} clock In milliseconds.
 */
export function createAnnouncer(say, { now, later }) {
  let saidMs = -Infinity;
  /** The latest news that waits. @type {string | null} */
  let news = null;
  let waits = false;

  /** @param {string} text */
  function sayNow(text) {
    saidMs = now();
    news = null;
    say(text);
  }

  function sayNews() {
    waits = false;
    if (news === null) return;
    if (now() - saidMs >= NEWS_EVERY_MS) sayNow(news);
    else wait();
  }

  function wait() {
    if (waits) return;
    waits = true;
    later(sayNews, saidMs + NEWS_EVERY_MS - now());
  }

  return {
    /** @param {string} text */
    atOnce: (text) => sayNow(news === null || text.startsWith(news) ? text : `${news}. ${text}`),
    /** Of several that wait the last one is told. @param {string} text */
    inTurn(text) {
      news = text;
      sayNews();
    },
  };
}
