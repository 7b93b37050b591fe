/**
 * Begins to fetch the server's list and what every run needs of it. index.html loads this script by itself, so that the data
 * is on its way while the page's other scripts are; the loader then takes it over.
 */
import { fetchAhead } from './shards.js';

fetchAhead();
