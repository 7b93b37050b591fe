/**
 * The presets at the top: how long the network is to learn, and by which recipe.
 *
 * Which there are is presets.js's of the state to say; here they are offered, and told of.
 *
 * @import { State, Store } from '../state/store.js'
 * @import { Actions } from '../main.js'
 * @import { NamedRecipe } from '../protocol/recipes.js'
 */
import { FURTHER, PRESETS, presetOf, recipeOf, trainingSeconds } from '../state/presets.js';
import { isOccupied } from '../state/phases.js';
import { byId, make, setText } from './shared/dom.js';
import { count, duration, percent } from './shared/format.js';

/** The radio that stands for the recipes beside the tutorial's. */
const A_RECIPE = 'recipe';

/** What the settings are as long as none was changed, by the preset. @param {State} state */
function whose({ config }) {
  const preset = presetOf(config);
  if (preset === 'quick') return 'the quick run’s';
  if (preset === 'tutorial') return 'those of the tutorial’s run';
  const recipe = recipeOf(config);
  return recipe && `those of the recipe “${recipe.title}”`;
}

/** Whoever wants a run of their own is told whose settings these still are. @param {State} state @returns {string} */
function ownHint(state) {
  const owner = whose(state);
  return owner ? `The settings are still ${owner}: change what you like.` : '';
}

/** @param {NamedRecipe} recipe */
function reachedSentence({ reached }) {
  if (!reached) return '';
  return ` It reached ${percent(reached.accuracy)} of the test images in ${count(reached.runs, 'run')}.`;
}

/** What is to be known of a recipe before it is trained. @param {State} state @param {NamedRecipe} recipe */
export function recipeSentence(state, recipe) {
  const seconds = trainingSeconds(state, recipe);
  const time = seconds === null ? '' : ` At the last run’s speed it trains for ${duration(seconds)}.`;
  return `${recipe.sentence} ${count(recipe.parameters, 'parameter')}; its batches are made for up to ${count(recipe.cores, 'core')}.${reachedSentence(recipe)}${time}`;
}

/** @param {Store} store @param {Actions} actions */
export function mountPresets(store, actions) {
  const presets = byId('presets', HTMLFieldSetElement);
  const hint = byId('own-hint');
  const choice = byId('recipe', HTMLSelectElement);
  const box = byId('recipe-box');
  const text = byId('recipe-text');
  const source = byId('recipe-source');
  choice.append(...FURTHER.map(({ name, title }) => make('option', { text: title, attributes: { value: name } })));

  /** @param {string} name */
  function choose(name) {
    store.dispatch({ type: 'preset_chosen', preset: PRESETS[name] });
    actions.writeFragment();
  }

  presets.addEventListener('change', ({ target }) => {
    if (target === choice) return choose(choice.value);
    const { value } = /** @type {HTMLInputElement} */ (target);
    if (value === A_RECIPE) return choose(choice.value);
    if (PRESETS[value]) return choose(value);
    showHint(ownHint(store.get())); // “Your own” is the form below; the arrow keys pass over it, so the focus stays.
  });

  /** @param {string} sentence */
  function showHint(sentence) {
    hint.hidden = sentence === '';
    setText(hint, sentence);
  }

  /** @param {string | null} preset */
  function check(preset) {
    const isFurther = FURTHER.some(({ name }) => name === preset);
    if (isFurther) choice.value = preset ?? '';
    box.hidden = !isFurther;
    const checked = isFurther ? A_RECIPE : preset ?? 'own';
    for (const radio of presets.querySelectorAll('input')) radio.checked = radio.value === checked;
  }

  /** @param {State} state @param {State} [before] */
  function render(state, before) {
    presets.disabled = isOccupied(state);
    const recipe = recipeOf(state.config);
    text.hidden = source.hidden = recipe === null;
    setText(byId('recipe-citation'), recipe?.citation ?? '');
    setText(text, recipe ? recipeSentence(state, recipe) : '');
    if (state.config === before?.config) return;
    check(presetOf(state.config));
    showHint('');
  }
  store.subscribe(render);
  render(store.get());
}
