// What the page shows: the last snapshot, and for a while what has just ended.

const LINGERS = 3000;   // milliseconds: long enough to see who lost

export const model = {
  snapshot: null,
  tasks: [],        // those of the snapshot, and those that have ended
  taken: 0,         // when, by the page's clock
  chosen: null,     // the id of a coroutine
  chosenTask: null,
};

export function* coroutinesOf(task) {
  const open = [task.coroutine];
  while (open.length) {
    const coroutine = open.pop();
    yield coroutine;
    open.push(...[...coroutine.children].reverse());
  }
}

export function* coroutines() {
  for (const task of model.tasks) yield* coroutinesOf(task);
}

export function isOver(coroutine) {
  return coroutine.state === 'finished';
}

// Who waits for no other: there the work is, or the wait.
export function isLeaf(coroutine) {
  return !coroutine.children.some(child => !isOver(child));
}

// For how long it has been what it is. Between two snapshots the page counts on.
export function timeOf(coroutine) {
  const since = isOver(coroutine) ? 0 : performance.now() - model.taken;
  return (coroutine.for_ms ?? 0) + since;
}

export function taskOf(id) {
  return model.tasks.find(task => [...coroutinesOf(task)].some(coroutine => coroutine.id === id));
}

export function chosenCoroutine() {
  return [...coroutines()].find(({ id }) => id === model.chosen) ?? null;
}

// `isOther`: the snapshot answers another question, so what it lacks hasn't ended.
export function takeSnapshot(snapshot, isOther) {
  const now = performance.now();
  const cancelled = cancelledIn(snapshot.transitions);
  model.tasks = isOther ? snapshot.tasks : mergeTasks(model.tasks, snapshot.tasks, cancelled, now);
  model.snapshot = snapshot;
  model.taken = now;
  if (!chosenCoroutine()) choose(nextToChoose(snapshot.tasks));
}

function nextToChoose(tasks) {
  const before = tasks.find(({ id }) => id === model.chosenTask) ?? tasks[0];
  if (!before) return null;
  const all = [...coroutinesOf(before)];
  return (all.find(each => isLeaf(each) && !isOver(each)) ?? all[0]).id;
}

export function choose(id) {
  model.chosen = id;
  model.chosenTask = taskOf(id)?.id ?? null;
}

// Which were cancelled, and did nothing more than end.
function cancelledIn(transitions) {
  const cancelled = new Set();
  for (const { coroutine, what } of transitions) {
    if (what === 'cancelled') cancelled.add(coroutine);
    else if (what !== 'finished') cancelled.delete(coroutine);
  }
  return cancelled;
}

function mergeTasks(before, after, cancelled, now) {
  return merge(before, after, now, task => ({
    ...task, hasEnded: true, coroutine: ended(task.coroutine, cancelled, now),
  }), (old, task) => ({
    ...task,
    coroutine: old.coroutine.id === task.coroutine.id
      ? mergeCoroutine(old.coroutine, task.coroutine, cancelled, now) : task.coroutine,
  }));
}

function mergeCoroutine(old, coroutine, cancelled, now) {
  const children = merge(old.children, coroutine.children, now,
    child => ended(child, cancelled, now),
    (before, child) => mergeCoroutine(before, child, cancelled, now));
  return { ...coroutine, children };
}

// The new ones; those that were there before and aren't any more stay in their place for a while.
function merge(before, after, now, end, join) {
  const old = new Map(before.map(each => [each.id, each]));
  const result = after.map(each => (old.has(each.id) ? join(old.get(each.id), each) : each));
  const there = new Set(after.map(({ id }) => id));
  before.forEach((each, place) => {
    if (there.has(each.id)) return;
    const last = end(each);
    if (now - endOf(last) < LINGERS) result.splice(Math.min(place, result.length), 0, last);
  });
  return result;
}

function endOf(each) {
  return (each.coroutine ?? each).endedAt;
}

function ended(coroutine, cancelled, now) {
  if (coroutine.endedAt) return coroutine;
  return {
    ...coroutine,
    state: 'finished',
    isCancelled: cancelled.has(coroutine.id),
    endedAt: now,
    children: coroutine.children.map(child => ended(child, cancelled, now)),
  };
}
