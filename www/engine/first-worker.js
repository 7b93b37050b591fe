/**
 * The page's first worker. index.html loads this script by itself, so that the worker fetches and compiles its module
 * while the page's other scripts are still on their way; `client.js` takes it over.
 *
 * What it says until then is kept. It holds the module that the address asks for.
 *
 * @import { Message } from '../protocol/protocol.js'
 * @import { First } from './client.js'
 */
import { listen, nameFor, openOrSay } from './workers.js';

/** Of a word that is there twice the first counts, as for the settings. */
const name = nameFor(new URLSearchParams(location.hash.slice(1)).get('backend'));

/** @type {Message[]} */
const said = [];
const opened = openOrSay(name);
if (!('code' in opened)) listen(opened, (message) => said.push(message));

/** @type {First} */
export const firstWorker = { name, opened, said };
