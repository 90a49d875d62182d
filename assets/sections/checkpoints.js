// The table of checkpoints: the net's numbers, both slopes and the loss, with the change since the
// row above. Of a net with too many numbers, the loss alone.
(() => {
  const pwl = (window.pwl ??= {});
  const EVERY = 5000;

  const isCheckpoint = (frame) => frame.epoch % EVERY === 0 || frame.mark !== "";

  // One frame per row: epoch 0, each multiple of 5,000, ends of runs and edits by hand.
  const rows = (frames) => {
    const kept = frames.filter(isCheckpoint);
    return kept.filter((frame, i) => kept[i + 1]?.epoch !== frame.epoch || frame.mark === "edit" || kept[i + 1].mark === "edit");
  };

  const values = ({ p, net, loss }) => {
    if (!p) return [loss];
    const { left, right } = pwl.net.slopes(p, net);
    return [...p, ...(pwl.fitNet.hasSlopes(net) ? [left, right] : []), loss];
  };

  const head = (net) => {
    const { t } = pwl.i18n;
    const names = net.plain
      ? pwl.weights.rowsOf(net).map(({ name, sub }) => (sub ? `${name}<sub>${sub}</sub>` : name))
      : [];
    const slopes = pwl.fitNet.hasSlopes(net) ? [t("checkpoints.left"), t("checkpoints.right")] : [];
    const cells = [t("word.epoch"), ...names, ...slopes, t("word.loss")];
    return `<thead><tr>${cells.map((cell) => `<th scope="col">${cell}</th>`).join("")}</tr></thead>`;
  };

  const row = (frame, before, current) => {
    const { fixed, signed, whole } = pwl.numbers;
    const now = values(frame);
    const then = before && values(before);
    const cells = now.map((value, i) => {
      const digits = i === now.length - 1 ? 6 : 4;
      const change = then ? `<small>${signed(value - then[i], digits)}</small>` : "";
      return `<td>${fixed(value, digits)}${change}</td>`;
    });
    const note = frame.mark === "edit" ? `<small>${pwl.i18n.t("checkpoints.edited")}</small>` : "";
    const name = `<th scope="row"><button type="button" class="link" data-seq="${frame.seq}">${whole(frame.epoch)}</button>${note}</th>`;
    return `<tr${current ? ' class="current"' : ""}>${name}${cells.join("")}</tr>`;
  };

  // `kept` are the frames that `rows` gave, all of one net; the one under the play head is marked.
  const render = (host, kept, net, currentSeq) => {
    const body = kept.map((frame, i) => row(frame, kept[i - 1], frame.seq === currentSeq)).join("");
    host.innerHTML = `<table class="checkpoints">${head(net)}<tbody>${body}</tbody></table>`;
  };

  pwl.checkpoints = { render, rows };
})();
