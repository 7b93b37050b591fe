/**
 * The part of JSON Schema that report.schema.json uses, as a check that names what is wrong. A
 * keyword that it does not know is an error too, so that a schema cannot promise more than is
 * checked.
 */

/** Keywords that only describe. */
const NOTES = ['$schema', '$id', '$defs', 'title', 'description', 'format'];

/** @param {unknown} value @param {string} type */
function hasType(value, type) {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === type;
}

/** One function a keyword: what is wrong with `value`. @type {Record<string, (rule: any, value: any, schema: any, at: string, root: any) => string[]>} */
const KEYWORDS = {
  $ref: (rule, value, _schema, at, root) => problems(root.$defs[rule.replace('#/$defs/', '')], value, at, root),
  type: (rule, value, _schema, at) => ([rule].flat().some((type) => hasType(value, type)) ? [] : [`${at} is not ${rule}`]),
  const: (rule, value, _schema, at) => (value === rule ? [] : [`${at} is not ${rule}`]),
  enum: (rule, value, _schema, at) => (rule.includes(value) ? [] : [`${at} is ${value}`]),
  anyOf: (rule, value, _schema, at, root) => (
    rule.some((/** @type {any} */ each) => problems(each, value, at, root).length === 0) ? [] : [`${at} fits no alternative`]),
  minimum: (rule, value, _schema, at) => (typeof value !== 'number' || value >= rule ? [] : [`${at} is below ${rule}`]),
  maximum: (rule, value, _schema, at) => (typeof value !== 'number' || value <= rule ? [] : [`${at} is above ${rule}`]),
  exclusiveMinimum: (rule, value, _schema, at) => (typeof value !== 'number' || value > rule ? [] : [`${at} is not above ${rule}`]),
  minLength: (rule, value, _schema, at) => (typeof value !== 'string' || value.length >= rule ? [] : [`${at} is too short`]),
  pattern: (rule, value, _schema, at) => (typeof value !== 'string' || new RegExp(rule).test(value) ? [] : [`${at} is not like ${rule}`]),
  minItems: (rule, value, _schema, at) => (!Array.isArray(value) || value.length >= rule ? [] : [`${at} is too short`]),
  maxItems: (rule, value, _schema, at) => (!Array.isArray(value) || value.length <= rule ? [] : [`${at} is too long`]),
  items: (rule, value, _schema, at, root) => (
    Array.isArray(value) ? value.flatMap((each, i) => problems(rule, each, `${at}[${i}]`, root)) : []),
  required: (rule, value, _schema, at) => (
    rule.filter((/** @type {string} */ key) => !Object.hasOwn(Object(value), key)).map((/** @type {string} */ key) => `${at}.${key} is missing`)),
  properties: (rule, value, _schema, at, root) => Object.keys(rule)
    .filter((key) => Object.hasOwn(Object(value), key))
    .flatMap((key) => problems(rule[key], value[key], `${at}.${key}`, root)),
  additionalProperties: (rule, value, schema, at) => (rule === false
    ? Object.keys(Object(value)).filter((key) => !Object.hasOwn(schema.properties, key)).map((key) => `${at}.${key} is unknown`)
    : []),
};

/**
 * @param {any} schema
 * @param {any} value
 * @param {string} [at]
 * @param {any} [root]
 * @returns {string[]} What is wrong, a line each; none when the value follows the schema.
 */
export function problems(schema, value, at = 'report', root = schema) {
  return Object.entries(schema).flatMap(([keyword, rule]) => {
    if (NOTES.includes(keyword)) return [];
    const check = KEYWORDS[keyword];
    return check ? check(rule, value, schema, at, root) : [`the schema uses “${keyword}”, which is not checked`];
  });
}
