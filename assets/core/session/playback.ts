// Plays the frames of a run. The play head follows new frames, or the user moves it (scrubbing, replay).
import { clamp } from "../ranges";

const RATE = 150; // frames per second at speed 1: a run of about 240 frames plays in 1.6 seconds
const CATCH_UP_S = 2; // a head that is far behind moves faster: its rate is the gap divided by this time
const RETURN_MS = 1000; // frames that arrive within this time after the tab is shown again are skipped

type Numbered = { seq: number };
type Listeners<F> = {
  onFrame: (frame: F, index: number) => void; // paints; at most once per animation frame
  onMove: () => void; // the head moved, or playing started or stopped
};
export type Playback<F extends Numbered> = ReturnType<typeof create<F>>;

export const create = <F extends Numbered>({ onFrame, onMove }: Listeners<F>) => {
  let frames: F[] = [];
  let head = 0; // position in `frames`, fractional while it moves
  let playing = false;
  let following = true; // the head moves towards the newest frame; false during a replay or after scrubbing
  let speed = 1;
  let held = false; // the head does not follow for now, because the run is about to be paused
  let skipping = false; // while following, the head jumps to the newest frame instead of playing
  let lastTick = 0;
  let shownAgainAt = -Infinity; // when the tab was last shown after having been hidden

  const end = () => Math.max(frames.length - 1, 0);
  const index = () => Math.min(Math.floor(head), end());
  const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

  const show = () => {
    if (frames.length) onFrame(frames[index()], index());
    onMove();
  };

  const tick = (now: number) => {
    if (!playing) return;
    // `now` can be earlier than `lastTick`, because it is the time at which the animation frame began. A long pause
    // counts as 0.1 s.
    const seconds = clamp((now - lastTick) / 1000, 0, 0.1);
    lastTick = now;
    const behind = end() - head;
    const rate = following ? Math.max(RATE * speed, behind / CATCH_UP_S) : RATE * speed;
    const before = index();
    head = (skipping || reducedMotion.matches) && following ? end() : Math.min(head + rate * seconds, end());
    if (head >= end()) playing = false; // while following, `add` starts it again
    if (index() !== before || !playing) show();
    if (playing) requestAnimationFrame(tick);
    else if (!following) following = true; // a replay has reached the end
  };

  const play = () => {
    if (playing) return;
    playing = true;
    lastTick = performance.now();
    requestAnimationFrame(tick);
    onMove();
  };

  // Append frames. The first ones, and those that `isOld` says are from before the page was opened, are shown but not
  // played.
  const add = (more: F[], isOld = false) => {
    const newest = frames.at(-1)?.seq ?? -1;
    const fresh = more.filter((frame) => frame.seq > newest);
    const first = frames.length === 0;
    frames.push(...fresh);
    if (!fresh.length) return;
    if (first || (isOld && following)) {
      head = end();
      show();
    } else if (held) onMove();
    else if (following && performance.now() - shownAgainAt < RETURN_MS) seek(end());
    else if (following) follow();
  };

  // Remove the frames before `seq`, after a reset.
  const dropBefore = (seq: number) => {
    if (!frames.length || frames[0].seq >= seq) return;
    frames = frames.filter((frame) => frame.seq >= seq);
    head = Math.min(head, end());
    following = true;
    show();
  };

  const seek = (position: number) => {
    playing = held = false;
    head = clamp(position, 0, end());
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
    shownAgainAt = performance.now();
    if (playing && following) seek(end());
  });

  return {
    add,
    dropBefore,
    seek,
    skip: () => seek(end()),
    follow,
    // Stop the head at once. It stays there until `seek`, `skip` or `follow` is called.
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
      return frames.at(-1)?.seq ?? 0;
    },
  };
};
