// The component that the page adds to Dash's: it makes its children in the element of the page's HTML that has
// the place for them, and removes the copy that was shown there until then.
import { query } from "./dom";

export const Placed = ({ into, children }: { into: string; children: unknown }) => {
  const place = query(`[data-dash="${into}"]`);
  React.useLayoutEffect(() => {
    for (const copy of place.querySelectorAll(":scope > [data-copy]")) copy.remove();
  }, [place]);
  return ReactDOM.createPortal(children, place);
};
