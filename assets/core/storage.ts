// What this tab remembers over a reload, where the browser lets it. Where storage is refused, each
// load begins like the first.
export const recall = (key: string) => {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
};

// The same of what was kept as JSON; null where it is damaged as well.
export const recallJson = (key: string): unknown => {
  try {
    return JSON.parse(recall(key) ?? "null");
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

// The same for all tabs of this browser, and when it is opened again; null forgets it.
export const recallForever = (key: string) => {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
};
export const keepForever = (key: string, value: string | null) => {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // refused
  }
};
