// A Dash component of the page. It renders its children into the element [data-dash=`into`] of the page's HTML, and
// removes the static copy that was shown there until then.
import { query } from "./dom";

export const Placed = ({ into, children }: { into: string; children: unknown }) => {
  const place = query(`[data-dash="${into}"]`);
  React.useLayoutEffect(() => {
    for (const copy of place.querySelectorAll(":scope > [data-copy]")) copy.remove();
  }, [place]);
  return ReactDOM.createPortal(children, place);
};
