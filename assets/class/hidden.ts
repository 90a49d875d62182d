// The controls that the teacher hides, as names of ?hide=; see pwlapp/ui/opening.py.

// Controls that the teacher hides together, and lecturers' links one by one.
const GROUPS: Record<string, string[]> = { train: ["train", "step", "pause", "reset", "epochs"] };
// A drawer is hidden with its last important controls.
const DRAWERS: Record<string, string[]> = { options: ["net", "optimizer"] };

export const namesOf = (hidden: readonly string[]) => [
  ...hidden.flatMap((name) => GROUPS[name] ?? [name]),
  ...Object.keys(DRAWERS).filter((drawer) => DRAWERS[drawer].every((name) => hidden.includes(name))),
];
