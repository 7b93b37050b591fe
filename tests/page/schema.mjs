/** What is wrong with a report, by Ajv: the schema's formats and every keyword are held, and one that Ajv does not know is an error. */
import addFormats from 'ajv-formats';
import { Ajv2020 } from 'ajv/dist/2020.js';

/**
 * @param {import('ajv').AnySchema} schema
 * @param {unknown} value
 * @returns {string[]} What is wrong, a line each; none when the value follows the schema.
 */
export function problems(schema, value) {
  const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
  addFormats.default(ajv);
  ajv.validate(schema, value);
  return (ajv.errors ?? []).map(({ instancePath, message }) => `${instancePath || 'the report'} ${message}`);
}
