// What the page shows: of each figure how it follows from two looks.

import { bytes, number, percent, seconds } from './format.js';
import { quantile, rate } from './metrics.js';

// By a WebSocket, or by a stream of events.
function members(now) {
  return now.sum('chat_connections') + now.sum('chat_streams');
}

function sent(before, now) {
  return rate(before, now, 'chat_messages_sent_total') + rate(before, now, 'chat_stream_pieces_sent_total');
}

export const TILES = [
  { key: 'connections', format: number, of: (_, now) => members(now) },
  { key: 'users', format: number, of: (_, now) => now.sum('chat_users') },
  { key: 'rooms', format: number, of: (_, now) => now.sum('chat_rooms') },
  { key: 'in', format: number, of: (before, now) => rate(before, now, 'chat_messages_received_total') },
  { key: 'out', format: number, of: sent },
  { key: 'delivery', format: seconds, of: (before, now) => quantile(0.99, before, now, 'chat_delivery_seconds') },
  { key: 'lag', format: seconds, of: (before, now) => quantile(0.99, before, now, 'chat_event_loop_lag_seconds') },
  { key: 'outbox', format: bytes, of: (_, now) => now.sum('chat_outbox_bytes') },
  { key: 'memory', format: bytes, of: (_, now) => now.sum('process_resident_memory_bytes') },
];

const POWERS = Array.from({ length: 41 }, (_, power) => 2 ** power);   // between lines of bytes

function always() {
  return true;
}

// `needs`: whether the server has it at all.
export const CHARTS = [
  {
    title: 'messages', format: number, least: 10, needs: always,
    lines: [{ name: 'in', colour: 'first' }, { name: 'out', colour: 'second' }],
    of: (before, now) => [
      rate(before, now, 'chat_messages_received_total'), sent(before, now),
    ],
  },
  {
    title: 'delivery', format: seconds, least: 0.0005, needs: always,
    lines: [{ name: 'half', colour: 'first' }, { name: 'most', colour: 'third' }],
    of: (before, now) => [0.5, 0.99].map(share => quantile(share, before, now, 'chat_delivery_seconds')),
  },
  {
    title: 'lag', format: seconds, least: 0.001, needs: always,
    lines: [{ name: 'half', colour: 'first' }, { name: 'most', colour: 'third' }],
    of: (before, now) => [0.5, 0.99].map(share => quantile(share, before, now, 'chat_event_loop_lag_seconds')),
  },
  {
    title: 'connections', format: number, least: 5, needs: always,
    lines: [{ name: 'open', colour: 'first' }],
    of: (_, now) => [members(now)],
  },
  {
    title: 'bytes', format: bytes, least: 1024, steps: POWERS, needs: always,
    lines: [{ name: 'in', colour: 'first' }, { name: 'out', colour: 'second' }],
    of: (before, now) => [
      rate(before, now, 'chat_received_bytes_total'), rate(before, now, 'chat_sent_bytes_total'),
    ],
  },
  {
    title: 'outbox', format: bytes, least: 1024, steps: POWERS, needs: always,
    lines: [{ name: 'sum', colour: 'second' }, { name: 'largest', colour: 'third' }],
    of: (_, now) => [now.sum('chat_outbox_bytes'), now.largest('chat_outbox_largest_bytes')],
  },
  {
    title: 'log', format: seconds, least: 0.001, needs: look => look.has('chat_log_commit_seconds_count'),
    lines: [{ name: 'append', colour: 'first' }, { name: 'commit', colour: 'third' }],
    of: (before, now) => ['append', 'commit']
      .map(each => quantile(0.99, before, now, `chat_log_${each}_seconds`)),
  },
  {
    title: 'redis', format: seconds, least: 0.001, needs: look => look.has('chat_redis_connected'),
    lines: [{ name: 'half', colour: 'first' }, { name: 'most', colour: 'third' }],
    // The hub's reads wait in Redis until something comes.
    of: (before, now) => [0.5, 0.99].map(
      share => quantile(share, before, now, 'chat_redis_round_trip_seconds', { connection: 'log' })),
  },
  {
    title: 'process', format: percent, least: 10, needs: always,
    lines: [{ name: 'cpu', colour: 'first' }],
    of: (before, now) => [100 * rate(before, now, 'process_cpu_seconds_total')],
  },
  {
    title: 'refused', format: number, least: 1, needs: always,
    lines: [{ name: 'refused.all', colour: 'third' }],
    of: (before, now) => [rate(before, now, 'chat_refusals_total')],
  },
];

// The rows of the tables, the first cell a key.
export const TABLES = {
  workers: {
    head: ['worker', 'open', 'in', 'out', 'tile.delivery', 'tile.lag', 'tile.outbox'],
    rows: (before, now) => [...now.by('chat_tcp_connections', 'worker').keys()].map(worker => [
      worker,
      number(now.sum('chat_connections', { worker })),
      number(rate(before, now, 'chat_messages_received_total', { worker })),
      number(rate(before, now, 'chat_messages_sent_total', { worker })),
      seconds(quantile(0.99, before, now, 'chat_delivery_seconds', { worker })),
      seconds(quantile(0.99, before, now, 'chat_event_loop_lag_seconds', { worker })),
      bytes(now.sum('chat_outbox_bytes', { worker })),
    ]),
  },
  endpoints: {
    head: ['endpoint', 'open', 'accepted'],
    rows: (_, now) => [...now.by('chat_connections', 'endpoint')].map(([endpoint, open]) => [
      endpoint, number(open), number(now.sum('chat_connections_accepted_total', { endpoint })),
    ]),
  },
  refusals: {
    head: ['reason', 'total', 'now'],
    rows: (before, now) => [...now.by('chat_refusals_total', 'reason')]
      .filter(([, total]) => total > 0)
      .sort(([, a], [, b]) => b - a)
      .map(([reason, total]) => [
        reason, number(total), number(rate(before, now, 'chat_refusals_total', { reason })),
      ]),
  },
};
