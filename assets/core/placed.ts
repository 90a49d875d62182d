// The one component that the page adds to Dash's: what it holds is made in the element of the page's HTML
// that has the place for it, where a copy stood so far.
import { query } from "./dom";

export const Placed = ({ into, children }: { into: string; children: unknown }) => {
  const place = query(`[data-dash="${into}"]`);
  React.useLayoutEffect(() => {
    for (const copy of place.querySelectorAll(":scope > [data-copy]")) copy.remove();
  }, [place]);
  return ReactDOM.createPortal(children, place);
};
