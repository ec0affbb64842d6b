// What was sent on this socket and is neither answered nor refused yet, in order: messages
// {text, target, conversation} and joins {join, byReader}.

const waiting = [];

export function expectAnswerTo(sent) {
  waiting.push(sent);
}

// The first that matches is taken out, and so is all before it: the server answers in order.
export function takeAnswered(matches) {
  const index = waiting.findIndex(matches);
  return index < 0 ? undefined : waiting.splice(0, index + 1).at(-1);
}

export function takeUnanswered() {
  return waiting.splice(0);
}
