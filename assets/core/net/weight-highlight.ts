// When the pointer or the focus is on a weight in a table, field or formula, that weight is highlighted in every
// formula on the page. One CSS rule does this, so that formulas which are rendered again are highlighted as well.
let sheet: CSSStyleSheet;
let highlighted: string | undefined; // the weight's index in the parameter vector

const highlight = (place: string | undefined) => {
  if (place === highlighted) return;
  highlighted = place;
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
  document.addEventListener("pointerover", ({ target }) =>
    highlight(placeOf(target) ?? placeOf(document.activeElement)),
  );
  document.addEventListener("focusin", ({ target }) => highlight(placeOf(target)));
};
