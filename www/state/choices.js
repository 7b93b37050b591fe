/**
 * What this browser remembers of the visitor's choices and of the machine, from visit to visit: whether to be told of a
 * run's end, and how quickly it learnt (speeds.js).
 *
 * Pure. Where it is kept is storage/choices.js's.
 *
 * @import { Message } from '../protocol/protocol.js'
 * @import { Speed } from './speeds.js'
 * @import { Action, State } from './store.js'
 */
import { withSpeed } from './speeds.js';

/** `notifies`: whether the end of a run is to be told of. @typedef {{ notifies: boolean, speeds: Speed[] }} Choices */
/** @typedef {{ type: 'choices_recalled', choices: Choices } | { type: 'notify_chosen', notifies: boolean } | { type: 'speed_noted', speed: Speed }} ChoiceAction */

/** @type {Choices} */
export const NO_CHOICES = { notifies: false, speeds: [] };

/** What of them a message changes. @param {State} state Before the message. @param {Message | Action} message @returns {Choices} */
export function nextChoices({ choices }, message) {
  switch (message.type) {
    case 'choices_recalled': return message.choices;
    case 'notify_chosen': return { ...choices, notifies: message.notifies };
    case 'speed_noted': return { ...choices, speeds: withSpeed(choices.speeds, message.speed) };
    case 'runs_deleted': return NO_CHOICES;
    default: return choices;
  }
}
