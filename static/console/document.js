// Reads /asyncapi.json: the endpoints, and what each sends and receives.

let api = { info: {}, channels: {}, operations: {}, components: { messages: {} } };

export async function loadDocument() {
  const response = await fetch('/asyncapi.json');
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  api = await response.json();
  return api.info;
}

// In the order of the document: { id, address, title, path and query parameters }.
export function endpoints() {
  return Object.entries(api.channels).map(([id, channel]) => ({
    id,
    address: channel.address,
    title: channel.title ?? channel.address,
    pathParameters: Object.keys(channel.parameters ?? {}),
    queryParameters: channel.bindings?.ws?.query?.properties ?? {},
  }));
}

export function messagesFromClient(endpoint) {
  return messages(`receive_${endpoint.id}`);
}

export function messagesFromServer(endpoint) {
  return messages(`send_${endpoint.id}`);
}

// { name, summary, format: json, text or bytes, payload }
function messages(operation) {
  return (api.operations[operation]?.messages ?? []).map(reference => {
    const id = reference.$ref.split('/').at(-1);
    const message = api.components.messages[id];
    return {
      name: id.slice(id.indexOf('.') + 1),
      summary: message.summary ?? '',
      format: formatOf(message.contentType ?? api.defaultContentType ?? 'application/json'),
      payload: message.payload ?? {},
    };
  });
}

function formatOf(contentType) {
  if (contentType.includes('json')) return 'json';
  return contentType.startsWith('text/') ? 'text' : 'bytes';
}

// The constant that says which message a frame is; undefined where it may be left out.
export function typesOf(message) {
  const rule = message.payload.properties?.type ?? {};
  if ('const' in rule) return [rule.const];
  return (rule.enum ?? []).map(each => each ?? undefined);
}

// The fields that a message says something about, without its type.
export function fieldsOf(message) {
  return Object.entries(message.payload.properties ?? {}).filter(
    ([, schema]) => schema.description);
}
