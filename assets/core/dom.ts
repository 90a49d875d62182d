// The layout's elements.

// The element with this id. The layout is Dash's, so its kind is the caller's to know.
export const byId = (id: string): any => document.getElementById(id);
