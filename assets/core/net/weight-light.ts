// Whichever weight is pointed at or has the focus, in a table, a field or a formula, lights up in
// every formula that is on screen. One rule of style does it, so formulas can be written anew freely.
let sheet: CSSStyleSheet;
let lit: string | undefined; // the weight's place in the parameter vector

const light = (place: string | undefined) => {
  if (place === lit) return;
  lit = place;
  sheet.replaceSync(
    place === undefined
      ? ""
      : `math [data-weight="${place}"] { background: var(--lit); box-shadow: 0 0 0 2px var(--accent); }`,
  );
};

const placeOf = (target: EventTarget | null) =>
  target instanceof Element ? target.closest<HTMLElement>("[data-weight]")?.dataset.weight : undefined;

export const start = () => {
  sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);
  document.addEventListener("pointerover", ({ target }) => light(placeOf(target) ?? placeOf(document.activeElement)));
  document.addEventListener("focusin", ({ target }) => light(placeOf(target)));
};
