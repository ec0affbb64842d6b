// Messages of several logs in one view: each log keeps its order, and between them time decides.

// `lists` of items with a `time`, each in the order of its log; one list in which they all are.
export function merge(lists) {
  const places = lists.map(() => 0);
  const merged = [];
  for (;;) {
    let next = -1;
    lists.forEach((list, index) => {
      const item = list[places[index]];
      if (item && (next < 0 || item.time < lists[next][places[next]].time)) next = index;
    });
    if (next < 0) return merged;
    merged.push(lists[next][places[next]]);
    places[next] += 1;
  }
}

// Takes the newest `count` off the ends of such lists. `more[i]` says that list i goes on further
// back: once it has run out, nobody knows whether its next item is newer than what others have.
export function takeNewest(lists, more, count) {
  const taken = [];
  while (taken.length < count) {
    if (lists.some((list, index) => list.length === 0 && more[index])) break;
    let newest = -1;
    lists.forEach((list, index) => {
      const item = list.at(-1);
      if (item && (newest < 0 || item.time >= lists[newest].at(-1).time)) newest = index;
    });
    if (newest < 0) break;
    taken.unshift(lists[newest].pop());
  }
  return taken;
}
