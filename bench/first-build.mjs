/**
 * `cargo xtask bench --first-build`: how long is it from a fresh clone on a bare machine until the page can be used?
 *
 *     cargo xtask bench --first-build
 *
 * `cargo xtask serve` runs in a clone of the last commit with nothing kept: an empty folder each for cargo's packages, the
 * build, ConvBurn's tools and npm's packages, all in one temporary folder that is taken away afterwards. Only Rust, Node
 * and the sources that cargo and npm are set to are the machine's. What has to be quick is the page with a small
 * module; it ends when the full one is served too. Each phase is printed as it ends, and the table goes into BENCHMARKS.md.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { machine, table, writeSection } from './benchmarks-file.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** The page has to be in use after so long on two cores. */
const MOST_MINUTES = 20;
/** Longer than any machine that is waited for. */
const PATIENCE_MS = 4 * 3_600_000;
const LOOK_EVERY_MS = 500;
/** What a visitor's browser needs before it can train, the page and the module that it begins with, one or the other; and for every backend. */
const STAGES = [
  { title: 'the page and its small modules', files: ['', 'convburn_cpu_bg.wasm', 'convburn_cpu_relaxed_bg.wasm'] },
  { title: 'the full module too', files: ['', 'convburn_full_bg.wasm'] },
];

/** @typedef {{ title: string, seconds: number }} Phase */
/** @typedef {{ title: string, urls: string[] }} Stage What is served some time. */

/** An empty place for each thing that a build keeps, as the variables that name them. @param {string} folder @returns {NodeJS.ProcessEnv} */
export function bareEnvironment(folder) {
  const { CARGO_HOME = join(homedir(), '.cargo'), ...inherited } = process.env;
  const places = {
    CARGO_HOME: join(folder, 'cargo'), CARGO_TARGET_DIR: join(folder, 'target'), CONVBURN_TOOLS: join(folder, 'tools'),
    npm_config_cache: join(folder, 'npm'),
  };
  for (const place of Object.values(places)) mkdirSync(place, { recursive: true });
  // Where packages come from is the machine's, not something that is kept.
  for (const name of ['config.toml', 'config']) {
    if (existsSync(join(CARGO_HOME, name))) cpSync(join(CARGO_HOME, name), join(places.CARGO_HOME, name));
  }
  // Cargo tells the chores that it runs of itself and of their package; those that it runs here are others.
  const own = Object.entries(inherited).filter(([name]) => !/^(CARGO|RUSTC)(_|$)|^npm_config_cache$/i.test(name));
  return { ...Object.fromEntries(own), ...places };
}

/** A port that nobody listens on. @returns {Promise<number>} */
export const freePort = () => new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    server.close(() => resolve(port));
  });
});

/** @param {string} url */
const isServed = (url) => fetch(url).then(async (answer) => {
  await answer.body?.cancel();
  return answer.status === 200;
}, () => false);

/**
 * Runs a command until it has served one stage after the other, and ends it.
 * @param {[string, ...string[]]} command Its lines that begin with `==>` begin phases.
 * @param {{ cwd: string, env: NodeJS.ProcessEnv, stages: Stage[], say?: (line: string) => void }} how
 * @returns {Promise<{ phases: Phase[], served: Phase[] }>} How long each phase took, the last one to the last stage; and how
 *   long after the beginning each stage was served.
 */
export async function untilServed([program, ...words], { cwd, env, stages, say = console.log }) {
  /** @type {Phase[]} */
  const phases = [];
  /** @type {Phase[]} */
  const served = [];
  const began = performance.now();
  let [title, since] = ['Building the chores', began];
  /** @param {string} next */
  const begin = (next) => {
    phases.push({ title, seconds: (performance.now() - since) / 1_000 });
    say(`    ${title}: ${lasting(phases[phases.length - 1].seconds)}`);
    [title, since] = [next, performance.now()];
  };
  // A group of its own, so that what it starts ends with it.
  const child = spawn(program, words, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  /** @type {string | null} */
  let ended = null;
  child.on('error', (error) => (ended = error.message));
  child.on('exit', (code, signal) => (ended = `it ended with ${signal ?? code}`));
  const end = () => {
    if (child.pid && ended === null) process.kill(-child.pid);
  };
  // Before others look after what is left: it still writes.
  process.prependListener('exit', end);
  createInterface({ input: child.stdout }).on('line', (line) => {
    const next = /^==> (?:Set-up: )?(.*)$/.exec(line);
    if (next) begin(next[1]);
    else say(line);
  });
  try {
    for (const stage of stages) {
      while (!(await Promise.all(stage.urls.map(isServed))).every(Boolean)) {
        if (ended !== null || performance.now() > began + PATIENCE_MS) throw new Error(`This was never served: ${stage.title}: ${ended ?? 'it takes too long'}.`);
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      }
      served.push({ title: stage.title, seconds: (performance.now() - began) / 1_000 });
      say(`    Served after ${lasting(served[served.length - 1].seconds)}: ${stage.title}`);
    }
    begin('');
    return { phases, served };
  } finally {
    end();
    process.off('exit', end);
  }
}

/** @param {number} seconds */
const lasting = (seconds) => (seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${String(Math.floor(seconds % 60)).padStart(2, '0')} s`);

/** @param {{ phases: Phase[], served: Phase[] }} measured @param {string} commit @param {string} where */
export function markdownOf({ phases, served }, commit, where) {
  return `
\`cargo xtask bench --first-build\`: \`cargo xtask serve\` in a fresh clone (${commit}), with empty folders for cargo's packages, the build, the tools
and npm's packages. The network's share depends on where packages and images come from. Required on two cores: the page is usable within
${MOST_MINUTES} minutes.

${table(['served', 'after'], served.map(({ title, seconds }) => [title, lasting(seconds)]))}

${table(['phase', 'time'], phases.map(({ title, seconds }) => [title, lasting(seconds)]))}

${where}`;
}

async function main() {
  for (const tool of ['trunk', 'wasm-bindgen']) {
    if (spawnSync(tool, ['--version']).status === 0) throw new Error(`${tool} is on PATH, where the chores would find it: start this with a PATH without it.`);
  }
  const folder = mkdtempSync(join(tmpdir(), 'convburn-first-build-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
  const git = (/** @type {string[]} */ ...words) => execFileSync('git', words, { encoding: 'utf8' }).trim();
  const clone = join(folder, 'clone');
  git('clone', '--quiet', '--no-local', '--depth', '1', pathToFileURL(ROOT).href, clone);
  const commit = git('-C', clone, 'rev-parse', '--short', 'HEAD');
  const version = execFileSync('cargo', ['--version'], { encoding: 'utf8' }).trim();
  const port = await freePort();
  console.log(`==> The first build of ${commit} in ${folder}`);
  const measured = await untilServed(['cargo', 'xtask', 'serve', '--port', String(port)], {
    cwd: clone, env: bareEnvironment(folder),
    stages: STAGES.map(({ title, files }) => ({ title, urls: files.map((file) => `http://127.0.0.1:${port}/${file}`) })),
  });
  const markdown = markdownOf(measured, commit, machine([version, `Node ${process.version}`]));
  console.log(markdown);
  writeSection('first-build', markdown);
  const minutes = measured.served[0].seconds / 60;
  if (minutes <= MOST_MINUTES) return;
  console.error(`not met: the page was usable after ${minutes.toFixed(1)} minutes, and ${MOST_MINUTES} are allowed`);
  process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
