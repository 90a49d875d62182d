// What this tab remembers over a reload, where the browser lets it. Where storage is refused, each
// load begins like the first.
export const recall = (key: string) => {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
};

export const keep = (key: string, value: string) => {
  try {
    sessionStorage.setItem(key, value);
  } catch {
    // refused
  }
};
