// Checks a value against a JSON Schema: the part of the language that /asyncapi.json uses.

// Each problem is { key, field, value }: a text of the page, and what to fill in.
export function problemsOf(schema, value, field = '') {
  const problems = [];
  const add = (key, wanted) => problems.push({ key: `problem.${key}`, field, value: wanted });
  if (schema.type && ![schema.type].flat().some(type => isOfType(type, value))) {
    add('type', [schema.type].flat().filter(type => type !== 'null')[0]);
    return problems;
  }
  if ('const' in schema && value !== schema.const) add('const', JSON.stringify(schema.const));
  if (schema.enum && value !== null && !schema.enum.includes(value)) {
    add('enum', schema.enum.filter(each => each !== null).join(', '));
  }
  if (typeof value === 'string') checkText(schema, value, add);
  if (typeof value === 'number') checkNumber(schema, value, add);
  if (Array.isArray(value)) problems.push(...problemsOfList(schema, value, field));
  if (isOfType('object', value)) problems.push(...problemsOfObject(schema, value, field));
  if (schema.not) problems.push(...problemsOfPairs(schema.not, value));
  if (schema.oneOf && fitting(schema.oneOf, value) !== 1) add('none');
  return problems;
}

function isOfType(type, value) {
  switch (type) {
    case 'null': return value === null;
    case 'array': return Array.isArray(value);
    case 'object': return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'integer': return Number.isInteger(value);
    default: return typeof value === type;
  }
}

// JSON Schema counts code points, as the server does.
function checkText(schema, text, add) {
  const length = [...text].length;
  if (length < (schema.minLength ?? 0)) add('short', schema.minLength);
  if (length > (schema.maxLength ?? Infinity)) add('long', schema.maxLength);
  if (schema.pattern && !new RegExp(schema.pattern, 'u').test(text)) add('pattern');
}

function checkNumber(schema, number, add) {
  if (number < (schema.minimum ?? -Infinity)) add('least', schema.minimum);
  if (number > (schema.maximum ?? Infinity)) add('most', schema.maximum);
}

function problemsOfList(schema, list, field) {
  const problems = list.flatMap((item, index) =>
    schema.items ? problemsOf(schema.items, item, `${field}[${index}]`) : []);
  if (list.length > (schema.maxItems ?? Infinity)) {
    problems.push({ key: 'problem.items', field, value: schema.maxItems });
  }
  return problems;
}

function problemsOfObject(schema, object, field) {
  const name = key => (field ? `${field}.${key}` : key);
  const missing = (schema.required ?? []).filter(key => !Object.hasOwn(object, key));
  const problems = missing.map(key => ({ key: 'problem.required', field: name(key) }));
  for (const [key, rule] of Object.entries(schema.properties ?? {})) {
    if (Object.hasOwn(object, key)) problems.push(...problemsOf(rule, object[key], name(key)));
  }
  return problems;
}

function fitting(schemas, value) {
  return schemas.filter(schema => problemsOf(schema, value).length === 0).length;
}

// What must not be: objects with two fields of which a frame may have one.
function problemsOfPairs(not, value) {
  return (not.anyOf ?? [not])
    .filter(pair => problemsOf(pair, value).length === 0)
    .map(pair => ({ key: 'problem.both', field: (pair.required ?? []).join(', ') }));
}
