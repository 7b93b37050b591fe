/**
 * A run as one JSON value that follows report.schema.json: enough to compare two runs, or to run
 * it again. Pure: the browser's part comes in as an argument.
 *
 * @import { State } from './store.js'
 */
import { partsOf } from './config.js';
import { gapOf } from './gap.js';

/** Version of the report's form; report.schema.json says the same. 2: recipe and compute apart, and each layer. 3: the gap. */
export const REPORT_VERSION = 3;

/** @param {number | null} from @param {number | null} to */
const secondsBetween = (from, to) => (from === null || to === null ? null : (to - from) / 1_000);

/** What it knows better of images that it learnt from; null where that was not measured. @param {State} state */
function gapPart(state) {
  const found = gapOf(state);
  return found && { training_accuracy: found.training, test_accuracy: found.test, gap: found.gap, training_records: found.records };
}

/**
 * @param {State} state With an engine that has loaded.
 * @param {{ created: string, user_agent: string, logical_cores: number | null, fragment: string }} page
 */
export function makeReport(state, page) {
  const { loaded, data, epochs, timings } = state;
  if (!loaded || !data) throw new Error('There is nothing to report before the engine is ready.');
  return {
    report_version: REPORT_VERSION,
    created: page.created,
    phase: state.phase,
    ...partsOf(state.runConfig ?? loaded.config),
    link: page.fragment,
    data: {
      source: state.source,
      train_records: data.train_records,
      test_records: data.test_records,
      train_used: data.train_used,
      test_used: data.test_used,
      validation_used: data.validation_used,
      held_out: data.held_out,
      has_unknown: data.has_unknown,
      files: state.files.map(({ file, split, records, known }) => ({ file, split, records, known })),
    },
    backend: { ...loaded.backend, adapter: loaded.backend.adapter ?? null, self_check: loaded.backend.self_check ?? null },
    parameters: loaded.summary.total_parameters,
    layers: loaded.summary.layers,
    epochs,
    evaluation: state.evaluation,
    gap: gapPart(state),
    timings: {
      engine_ready_s: secondsBetween(0, timings.engine_ready_ms),
      data_ready_s: secondsBetween(0, timings.data_ready_ms),
      run_wall_s: secondsBetween(timings.run_started_ms, timings.run_ended_ms),
      epochs_s: epochs.reduce((sum, epoch) => sum + epoch.seconds, 0),
      images_per_second: state.progress?.images_per_second ?? null,
    },
    versions: { convburn: loaded.version, user_agent: page.user_agent, logical_cores: page.logical_cores },
  };
}
