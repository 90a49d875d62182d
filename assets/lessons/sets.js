// What a step of a lesson sets: Build's weights, the net in Fit and its data. All of it is one step
// for undo. The names are those of lessons.py.
(() => {
  const pwl = (window.pwl ??= {});

  // float32 numbers as `saved` has them
  const packed = (values) => {
    const bytes = new Uint8Array(new Float32Array(values).buffer);
    return btoa(String.fromCharCode(...bytes));
  };

  // What `pwl.sharing.replace` takes: an untrained net of these settings, or with these weights.
  const fitOf = ({ seed, net, optimizer, data }, params) => {
    const settings = { format: 1, seed, net, optimizer, data, engine: "auto", epoch: 0, optimizer_epoch: 0 };
    if (!params) return { kind: "settings", saved: settings };
    const zeros = packed(params.map(() => 0));
    return { kind: "weights", saved: { ...settings, params: packed(params), m: zeros, v: zeros } };
  };

  // Make it as the step wants it; says whether anything was set.
  const enter = async (wanted) => {
    if (!wanted.build && !wanted.fit) return false;
    await pwl.sharing.ready();
    await pwl.sharing.replace({
      build: wanted.build && { params: [...wanted.build], challenge: null },
      fit: wanted.fit && fitOf(wanted.fit, wanted.params),
    });
    if (wanted.epochs) pwl.fitFieldSteps.put({ "fit-epochs": String(wanted.epochs) });
    return true;
  };

  pwl.lessonSets = { enter };
})();
