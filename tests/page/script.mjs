/**
 * Writes parts of the crate's answers into the real worker, and holds it at them, so that a phase that
 * lasts a moment, or that no machine shows, stays as long as a test looks at it.
 *
 * @import { Page } from 'playwright-core'
 */

/**
 * Writes the worker's part: what `backends` says, each time, and what the first pulls bring. A pull
 * is a list of events or an error, and waits to be let go; so does each evaluation that is asked for
 * when `evaluations` are held. Whatever is not written comes from the crate.
 * @param {Page} page @param {{ backends?: any[], pulls?: any[], evaluations?: boolean }} script
 */
export async function write(page, { backends, pulls = [], evaluations = false }) {
  await page.route('**/worker.js', async (route) => {
    const response = await route.fetch();
    const body = `
      const lists = ${JSON.stringify(backends ?? null)};
      const writtenPulls = ${JSON.stringify(pulls)};
      const script = new BroadcastChannel('script');
      const heldHere = () => new Promise((resolve) => { script.onmessage = resolve; });
      async function pull() {
        const next = writtenPulls.shift();
        if (!next) return convburn.advance(ADVANCE_BUDGET_MS);
        await heldHere();
        if (next.code) throw Object.assign(new Error(next.message), next);
        return next;
      }
      async function measure() {
        if (${evaluations}) await heldHere();
        return convburn.evaluate();
      }
      async function list() {
        if (!lists) return convburn.backends();
        return lists.length > 1 ? lists.shift() : lists[0];
      }
      ${scripted(await response.text())}`;
    await route.fulfill({ response, body });
  });
}

/** The worker's own calls, led through the script's. @param {string} worker */
function scripted(worker) {
  const calls = [['convburn.advance(ADVANCE_BUDGET_MS)', 'pull()'], ['convburn.evaluate()', 'measure()'], ['convburn.backends()', 'list()']];
  for (const [call] of calls) if (worker.split(call).length !== 2) throw new Error(`The worker has not one call ${call}.`);
  return calls.reduce((text, [call, own]) => text.replace(call, own), worker);
}

/** Lets the worker go on to the next thing that is written. @param {Page} page */
export const letGo = (page) => page.evaluate(() => new BroadcastChannel('script').postMessage('go'));
