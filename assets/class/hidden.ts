// What the teacher hides on the students' pages, as names of ?hide=; see pwlapp/ui/opening.py.

// What the teacher hides with one press and lecturers' links name one by one.
const TOGETHER: Record<string, string[]> = { train: ["train", "step", "pause", "reset", "epochs"] };
// A drawer in which little is left goes with it.
const EMPTIED: Record<string, string[]> = { options: ["net", "optimizer"] };

export const namesOf = (hidden: readonly string[]) => [
  ...hidden.flatMap((name) => TOGETHER[name] ?? [name]),
  ...Object.keys(EMPTIED).filter((drawer) => EMPTIED[drawer].every((name) => hidden.includes(name))),
];
