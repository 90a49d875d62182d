// A Dash component that renders its children into the element [data-dash=`into`] of the page's HTML, in place of the
// static copy that is shown there until Dash has started.
import { query } from "./dom";

export const Placed = ({ into, children }: { into: string; children: unknown }) => {
  const place = query(`[data-dash="${into}"]`);
  React.useLayoutEffect(() => {
    for (const copy of place.querySelectorAll(":scope > [data-copy]")) copy.remove();
  }, [place]);
  return ReactDOM.createPortal(children, place);
};
