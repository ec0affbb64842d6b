// Work that is asked for more often than it is worth doing.

const INTERVAL = 200;        // milliseconds between two runs
const TIMES_ITS_COST = 5;    // on a slow machine longer: no more than a fifth of the time is spent

// What is asked for is done at once when it is the first for a while, else once for all that asked.
export function throttled(action) {
  let timer;
  let askedAgain = false;
  function run() {
    const begun = performance.now();
    askedAgain = false;
    action();
    const cost = performance.now() - begun;
    timer = setTimeout(rest, Math.max(INTERVAL, TIMES_ITS_COST * cost));
  }
  function rest() {
    timer = undefined;
    if (askedAgain) run();
  }
  return () => {
    if (timer === undefined) run();
    else askedAgain = true;
  };
}
