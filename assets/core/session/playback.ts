// The playback of a run: numbered frames, and a play head that follows, scrubs and replays them.
const RATE = 150; // frames a second at speed 1: a run of about 240 frames plays in 1.6 seconds
const CATCH_UP_S = 2; // when far behind, close the gap in about so many seconds
const RETURN_MS = 1000; // of a tab that was hidden: what has come meanwhile is not replayed

type Numbered = { seq: number };
type Listeners<F> = {
  onFrame: (frame: F, index: number) => void; // paints; at most once per animation frame
  onMove: () => void; // the head moved, or playing began or ended
};
export type Playback<F extends Numbered> = ReturnType<typeof create<F>>;

export const create = <F extends Numbered>({ onFrame, onMove }: Listeners<F>) => {
  let frames: F[] = [];
  let head = 0; // position in `frames`, fractional while it moves
  let playing = false;
  let following = true; // the head runs after the newest frame
  let speed = 1;
  let held = false; // it stands still although it follows: what it would follow is about to stop
  let skipping = false; // what is followed is not replayed: the head jumps to the newest frame
  let last = 0;
  let returned = -Infinity; // when the tab was last shown again

  const end = () => Math.max(frames.length - 1, 0);
  const index = () => Math.min(Math.floor(head), end());
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  const show = () => {
    if (frames.length) onFrame(frames[index()], index());
    onMove();
  };

  const tick = (now: number) => {
    if (!playing) return;
    // a frame's time can lie before the call that asked for it; a long pause is not caught up
    const seconds = Math.min(Math.max((now - last) / 1000, 0), 0.1);
    last = now;
    const behind = end() - head;
    const rate = following ? Math.max(RATE * speed, behind / CATCH_UP_S) : RATE * speed;
    const before = index();
    head = (skipping || calm.matches) && following ? end() : Math.min(head + rate * seconds, end());
    if (head >= end()) playing = false; // new frames start it again while it follows
    if (index() !== before || !playing) show();
    if (playing) requestAnimationFrame(tick);
    else if (!following) following = true; // a replay that reached the end follows on
  };

  const play = () => {
    if (playing) return;
    playing = true;
    last = performance.now();
    requestAnimationFrame(tick);
    onMove();
  };

  const add = (more: F[]) => {
    const newest = frames.length ? frames[frames.length - 1].seq : -1;
    const fresh = more.filter((frame) => frame.seq > newest);
    const first = frames.length === 0;
    frames.push(...fresh);
    if (!fresh.length) return;
    if (first) {
      head = end(); // what is past when the page opens is not played again
      show();
    } else if (held) onMove();
    else if (following && performance.now() - returned < RETURN_MS) seek(end());
    else if (following) follow();
  };

  // Forget frames before `seq` (the net was reset).
  const dropBefore = (seq: number) => {
    if (!frames.length || frames[0].seq >= seq) return;
    frames = frames.filter((frame) => frame.seq >= seq);
    head = Math.min(head, end());
    following = true;
    show();
  };

  const seek = (position: number) => {
    playing = held = false;
    head = Math.min(Math.max(position, 0), end());
    following = head >= end();
    show();
  };

  const follow = () => {
    if (skipping) {
      seek(end());
      return;
    }
    held = false;
    following = true;
    play();
  };

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    returned = performance.now();
    if (playing && following) seek(end());
  });

  return {
    add,
    dropBefore,
    seek,
    skip: () => seek(end()),
    follow,
    // Stand still at once, until `seek`, `skip` or `follow`.
    hold: () => {
      playing = false;
      held = following;
      onMove();
    },
    setSkipping: (value: boolean) => {
      skipping = value;
      if (skipping && playing && following) seek(end());
    },
    toggle: () => {
      if (playing) {
        playing = false;
        following = false;
        onMove();
        return;
      }
      if (head >= end()) head = 0;
      held = following = false;
      play();
    },
    clear: () => {
      frames = [];
      head = 0;
      playing = held = false;
      following = true;
    },
    setSpeed: (value: number) => (speed = value),
    get frames() {
      return frames;
    },
    get index() {
      return index();
    },
    get frame(): F | undefined {
      return frames[index()];
    },
    get playing() {
      return playing;
    },
    get following() {
      return following;
    },
    get held() {
      return held;
    },
    get lastSeq() {
      return frames.length ? frames[frames.length - 1].seq : 0;
    },
  };
};
