// The joins that were sent on this socket and are neither answered nor refused yet, in order:
// {join, byReader}.

const waiting = [];

export function expectAnswerTo(sent) {
  waiting.push(sent);
}

// The server answers in order.
export function takeAnswered() {
  return waiting.shift();
}

export function forgetUnanswered() {
  waiting.length = 0;
}
