// What /asyncapi.json says of an endpoint, for people.

import { fieldsOf, messagesFromClient, messagesFromServer } from './document.js';
import { element, sentence, ui } from './elements.js';
import { setText } from './language.js';

export function showReference(endpoint) {
  ui.referenceOf.textContent = endpoint.address;
  ui.clientMessages.replaceChildren(...described(messagesFromClient(endpoint)));
  ui.serverMessages.replaceChildren(...described(messagesFromServer(endpoint)));
}

function described(messages) {
  if (messages.length === 0) return [setText(element('p', 'note'), 'reference.none')];
  return messages.map(message => {
    const item = element('details', 'message');
    const head = element('summary');
    head.append(element('code', '', message.name), sentence('span', 'note', message.summary));
    item.append(head, tableOf(message));
    return item;
  });
}

function tableOf(message) {
  const list = element('dl');
  for (const [name, schema] of fieldsOf(message)) {
    const term = element('dt');
    term.append(element('code', '', name), element('span', 'kind', kindOf(schema)));
    if (message.payload.required?.includes(name)) {
      term.append(setText(element('em'), 'required'));
    }
    list.append(term, sentence('dd', 'note', schema.description));
  }
  return list;
}

function kindOf(schema) {
  if (schema.enum) return schema.enum.filter(each => each !== null).join(' · ');
  if ('const' in schema) return JSON.stringify(schema.const);
  const type = [schema.type].flat()[0];
  if (type === 'integer' && schema.maximum < Number.MAX_SAFE_INTEGER) {
    return `${type} ${schema.minimum}–${schema.maximum}`;
  }
  if (schema.maxLength) return `${type} ${schema.minLength ?? 0}–${schema.maxLength}`;
  return schema.items?.type ? `${schema.items.type}[]` : schema.format ?? type;
}
