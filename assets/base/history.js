// What a student set can be taken back, and taken back again.
(() => {
  const pwl = (window.pwl ??= {});
  const MOST = 100;
  const done = []; // {undo, redo}: functions, which may be asynchronous
  const undone = [];
  const listeners = [];
  let moving = false; // what is set while something is taken back is no step of its own

  const tell = () => listeners.forEach((listener) => listener());

  // Remember a step that has just been made.
  const record = (undo, redo) => {
    if (moving) return;
    done.push({ undo, redo });
    if (done.length > MOST) done.shift();
    undone.length = 0;
    tell();
  };

  const move = async (from, to, way) => {
    const step = from.pop();
    if (!step || moving) return;
    moving = true;
    try {
      await step[way]();
      to.push(step);
    } finally {
      moving = false;
      tell();
    }
  };

  pwl.history = {
    record,
    undo: () => move(done, undone, "undo"),
    redo: () => move(undone, done, "redo"),
    onChange: (listener) => listeners.push(listener),
    get canUndo() { return done.length > 0; },
    get canRedo() { return undone.length > 0; },
  };
})();
