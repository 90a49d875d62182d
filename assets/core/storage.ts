// Browser storage: "tab" values last as long as the tab (sessionStorage), "local" values are shared by
// all tabs and survive closing the browser (localStorage). A browser may refuse storage, for example in a
// private window; reading then gives null and writing does nothing.
export const readTab = (key: string) => {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
};

// A value that was written as JSON; null also where the text is not JSON.
export const readTabJson = (key: string): unknown => {
  try {
    return JSON.parse(readTab(key) ?? "null");
  } catch {
    return null;
  }
};

export const writeTab = (key: string, value: string) => {
  try {
    sessionStorage.setItem(key, value);
  } catch {
    // refused
  }
};

export const readLocal = (key: string) => {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
};

// `value` null removes the key.
export const writeLocal = (key: string, value: string | null) => {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // refused
  }
};
