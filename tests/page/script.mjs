/**
 * Writes parts of the crate's answers into the real worker, and holds it at them, so that a phase that
 * lasts a moment, or that no machine shows, stays as long as a test looks at it.
 *
 * @import { Page } from 'playwright-core'
 */

/**
 * Writes the worker's part: what `backends` says, each time, and what the first turns bring. A turn
 * is a list of events or an error, and waits to be let go; so does each evaluation that is asked for
 * when `evaluations` are held. Whatever is not written comes from the crate.
 * @param {Page} page @param {{ backends?: any[], pulls?: any[], evaluations?: boolean }} script
 */
export async function write(page, { backends, pulls = [], evaluations = false }) {
  await page.route('**/engine/commands.js', async (route) => {
    const response = await route.fetch();
    const body = `
      const lists = ${JSON.stringify(backends ?? null)};
      const writtenPulls = ${JSON.stringify(pulls)};
      const script = new BroadcastChannel('script');
      const heldHere = () => new Promise((resolve) => { script.onmessage = resolve; });
      async function turned(crate) {
        const next = writtenPulls.shift();
        if (!next) return crate.turn();
        await heldHere();
        if (next.code) {
          // The crate knows nothing of this failure, which would have ended its run.
          crate.stop();
          while ((await crate.turn()).goes_on);
          throw Object.assign(new Error(next.message), next);
        }
        return { events: next, checkpoint: null, goes_on: true };
      }
      async function measured(crate, flips) {
        if (${evaluations}) await heldHere();
        return crate.evaluate('test', flips);
      }
      async function listed(crate) {
        if (!lists) return crate.backends();
        return lists.length > 1 ? lists.shift() : lists[0];
      }
      ${scripted(await response.text())}`;
    await route.fulfill({ response, body });
  });
}

/** The worker's own calls, led through the script's. @param {string} worker */
function scripted(worker) {
  const calls = [['crate.turn()', 'turned(crate)'], ["crate.evaluate('test', flips)", 'measured(crate, flips)'], ['crate.backends()', 'listed(crate)']];
  for (const [call] of calls) if (worker.split(call).length !== 2) throw new Error(`The worker has not one call ${call}.`);
  return calls.reduce((text, [call, own]) => text.replace(call, own), worker);
}

/** Lets the worker go on to the next thing that is written. @param {Page} page */
export const letGo = (page) => page.evaluate(() => new BroadcastChannel('script').postMessage('go'));
